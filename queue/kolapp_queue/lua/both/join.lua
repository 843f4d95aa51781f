-- The patient enters the queue and draws a number, where one server has both records. If they wait
-- in another queue too, only the first is done: that queue has to know before there is a second
-- ticket.
-- KEYS     the queue's keys (queue/_keys.lua), then the patient's record (patient/_record.lua)
-- ARGV[1]  queue
-- ARGV[2]  how long the patient's record stays after its last use, ms
-- ARGV[3]  patient
-- ARGV[4]  id of the ticket to make
-- ARGV[5]  connection
-- ARGV[6]  what it needs
-- ARGV[7]  needs of its class
-- ARGV[8]  time credit of its priority, ms
-- ARGV[9]  how many may wait; 0: any number
-- ARGV[10]  when the queue closes, ms; 0: never
local entered = patient.enter({ARGV[1], ARGV[4], ARGV[2]})
if #entered.others > 0 then return entered end
return queue.join({
  ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], '0',
})
