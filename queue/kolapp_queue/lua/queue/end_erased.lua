-- The provider has a patient erased: an active ticket ends first, also in the middle of a visit.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  how long what ended stays readable, ms
local id, patient, retention_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
local visit = visit_of(ticket)
if ticket.forget_ms then return reply(ticket, visit) end

if visit then end_visit(visit, 'erased', retention_ms) end
end_ticket(ticket, 'left', 'erased', retention_ms)
return commit(ticket, visit, {name = 'erase', role = 'operator'})
