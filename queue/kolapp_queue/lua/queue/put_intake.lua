-- Keep what the patient wrote, sealed by the caller; a later text replaces an earlier one.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  sealed text
local id, patient, sealed = ARGV[1], ARGV[2], ARGV[3]

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
if ticket.forget_ms then return refuse('wrong_state', ticket.state) end

redis.call('HSET', INTAKE, id, sealed)
announce(ticket, visit_of(ticket))
return reply(ticket)
