-- The patient gives the place up, also while being rung.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  how long what ended stays readable, ms
local id, patient, retention_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
if ticket.state == 'left' then return reply(ticket, visit_of(ticket)) end
if ticket.state ~= 'waiting' and ticket.state ~= 'called' then
  return refuse('wrong_state', ticket.state)
end

local visit = visit_of(ticket)
if visit then end_visit(visit, 'left', retention_ms) end
end_ticket(ticket, 'left', 'left', retention_ms)
return commit(ticket, visit, by_patient('leave', ticket))
