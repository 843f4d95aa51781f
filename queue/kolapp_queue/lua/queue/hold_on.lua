-- A sign of life of the clinician who holds a visit; one who had vanished is back.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  lease on the visit, ms
local visit = read(VISITS, ARGV[1])
if not visit or visit.clinician ~= ARGV[2] or visit.state == 'ended' then return reply() end

visit.holder_until_ms = now + tonumber(ARGV[3])
local ticket = read(TICKETS, visit.ticket)
if ticket and visit.state == 'held' then
  visit.state, visit.held_until_ms = 'live', 0
  return commit(ticket, visit, by_clinician('resume', visit))
end
save_visit(visit)
return reply()
