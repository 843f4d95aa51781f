-- The active ticket of a patient.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
local patient = ARGV[1]

local id = get(PATIENTS, patient)
local ticket = id and read(TICKETS, id)
if not ticket then return refuse('no_such_ticket') end
return reply(ticket)
