-- A connection of the patient is there: a sign of life, which makes an away ticket present again.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  connection
local id, patient, connection = ARGV[1], ARGV[2], ARGV[3]

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end

-- An ended ticket is answered with as it is: its reason is what the patient came back for.
if ticket.forget_ms then return reply(ticket) end
if attach(ticket, connection) then return commit(ticket, nil, by_patient('come_back', ticket)) end
return reply(ticket)
