-- In front of every script: which classes fit a clinician, judged once.

-- The needs of all classes by code, in the order of the codes, as (code, needs).
local function classes()
  local fields = {}
  for number = 1, MOST_CLASSES do
    fields[number] = (number <= 10 and 'c0' or 'c') .. number - 1
  end
  local all, number = redis.call('HMGET', CLASSES, unpack(fields)), 0
  return function()
    repeat number = number + 1 until all[number] ~= false
    if all[number] then return string.sub(fields[number], 2), all[number] end
  end
end

-- What was judged of a profile: `codes` that fit, its `unit`, and the needs that `fit` or do not,
-- by code. When a class comes or goes, only what is new is judged.
local function judged(clinician, profile, before)
  local found = {made = counters.classes, profile = profile, codes = {}, fit = {}, unfit = {}}
  local can = spelled(profile)
  found.unit = can.unit or ''
  for code, needs in classes() do
    local fit = before.fit[code] == needs
    if not fit and before.unfit[code] ~= needs then fit = fits(spelled(needs), can, clinician) end
    found[fit and 'fit' or 'unfit'][code] = needs
    if fit then table.insert(found.codes, code) end
  end
  return found
end

-- The classes that fit, and the clinician's care unit.
local function fitting(clinician, profile)
  local kept = get(PROFILES, 'f' .. clinician)
  kept = kept and cmsgpack.unpack(kept)
  if not kept or kept.profile ~= profile or not kept.fit then kept = {fit = {}, unfit = {}} end
  if kept.made == counters.classes then return kept.codes, kept.unit end
  kept = judged(clinician, profile, kept)
  if get(PROFILES, 'p' .. clinician) then
    set(PROFILES, 'f' .. clinician, cmsgpack.pack(kept))
  end
  return kept.codes, kept.unit
end
