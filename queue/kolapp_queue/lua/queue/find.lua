-- The active ticket of a patient.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
local patient = ARGV[1]

local id = redis.call('HGET', PATIENTS, patient)
if not id then return refuse('no_such_ticket') end
return reply(read(TICKETS, id))
