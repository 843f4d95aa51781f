-- Draw a number, or find the active ticket this patient has here; either way the connection is
-- attached (attach.lua says how).
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
-- ARGV[2]  id of the ticket to make
-- ARGV[3]  connection
local patient, id, connection = ARGV[1], ARGV[2], ARGV[3]

-- A late repeat of a join whose ticket has ended draws no second number.
local repeated = read(TICKETS, id)
if repeated and repeated.patient ~= patient then return refuse('no_such_ticket') end
if repeated and repeated.forget_ms then return reply(repeated) end

local active = redis.call('HGET', PATIENTS, patient)
if active then
  local ticket = read(TICKETS, active)
  if attach(ticket, connection) then return commit(ticket) end
  return reply(ticket)
end

return commit({
  id = id,
  patient = patient,
  number = redis.call('HINCRBY', META, 'number', 1),
  state = 'waiting',
  present = true,
  order_key = now,
  joined_ms = now,
  epoch = 0,
  ring_until_ms = 0,
  missed = 0,
  reason = '',
  connection = connection,
})
