-- In front of every script: who is first of those that fit a clinician.

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
