-- In front of every script: who is first of those that fit a clinician.

-- The classes that fit. Found once for a profile, and again when a class came or went.
local function fitting(clinician, profile)
  local made = counters.classes
  local kept = get(PROFILES, 'f' .. clinician)
  kept = kept and cmsgpack.unpack(kept)
  if kept and kept.made == made and kept.profile == profile then return kept.codes end
  local fields, codes, can = {}, {}, spelled(profile)
  for number = 1, MOST_CLASSES do fields[number] = string.format('c%02d', number - 1) end
  for number, needs in ipairs(redis.call('HMGET', CLASSES, unpack(fields))) do
    if needs and fits(spelled(needs), can, clinician) then
      table.insert(codes, string.sub(fields[number], 2))
    end
  end
  if redis.call('HEXISTS', PROFILES, 'p' .. clinician) == 1 then
    local packed = cmsgpack.pack({made = made, profile = profile, codes = codes})
    redis.call('HSET', PROFILES, 'f' .. clinician, packed)
  end
  return codes
end

-- The earliest present place of these classes, but for the tickets in `skipped` (a set of them).
local function earliest(codes, skipped, skips)
  local best
  for _, code in ipairs(codes) do
    for _, place in ipairs(firsts(PRESENT, code, 1 + skips)) do
      if not skipped[id_of(place)] then
        if not best or order_of(place) < order_of(best) then best = place end
        break
      end
    end
  end
  return best
end
