-- What became of a visit, or its correction, as long as it can be read. Both are events.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  outcome
local visit = read(VISITS, ARGV[1])
if not visit or visit.clinician ~= ARGV[2] then return refuse('no_such_visit') end
if visit.epoch ~= tonumber(ARGV[3]) then return refuse('stale_epoch') end
if visit.state ~= 'ended' or visit.answered_ms == 0 then
  return refuse('wrong_state', visit.state)
end
if visit.outcome == ARGV[4] then return reply(nil, visit) end

local step = by_clinician('correct_outcome', visit)
step.reason, visit.outcome = visit.outcome, ARGV[4]
return commit(nil, visit, step)
