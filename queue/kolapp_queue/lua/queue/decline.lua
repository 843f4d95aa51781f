-- The patient does not take the call; the ticket ends.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  epoch of the call
-- ARGV[4]  how long what ended stays readable, ms
local id, patient, epoch, retention_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
if ticket.reason == 'declined' and ticket.epoch == epoch then
  return reply(ticket, visit_of(ticket))
end
if ticket.state ~= 'called' then return refuse('wrong_state', ticket.state) end
if ticket.epoch ~= epoch then return refuse('stale_epoch') end

local visit = visit_of(ticket)
if visit then end_visit(visit, 'declined', retention_ms) end
end_ticket(ticket, 'left', 'declined', retention_ms)
return commit(ticket, visit, by_patient('decline', ticket))
