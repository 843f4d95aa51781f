-- A colleague takes over a visit whose clinician is gone, under a new epoch.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  the colleague
-- ARGV[3]  epoch of the colleague's lock
-- ARGV[4]  profile of the colleague
-- ARGV[5]  lease on the visit, ms
-- ARGV[6]  how long what ended stays readable, ms
local clinician, lock_epoch = ARGV[2], tonumber(ARGV[3])

local visit = read(VISITS, ARGV[1])
if not visit then return refuse('no_such_visit') end
if visit.clinician == clinician then return reply(nil, visit) end
if fenced(clinician, lock_epoch) then return refuse('stale_epoch') end
if visit.state ~= 'held' or now < visit.held_until_ms then
  return refuse('wrong_state', visit.state)
end
local ticket, previous = read(TICKETS, visit.ticket), visit.clinician
if not ticket then return refuse('no_such_ticket') end

fence(clinician, lock_epoch, tonumber(ARGV[6]))
ticket.epoch = count_up('epoch')
visit.clinician, visit.unit = clinician, spelled(ARGV[4]).unit or ''
visit.epoch, visit.state, visit.held_until_ms = ticket.epoch, 'live', 0
visit.previous, visit.holder_until_ms = previous, now + tonumber(ARGV[5])
return commit(ticket, visit, by_clinician('take_over', visit))
