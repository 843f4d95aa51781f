-- Draw a number, or find the active ticket this patient has here; either way the connection is
-- attached (attach.lua says how). Capacity and hours are for new numbers only.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
-- ARGV[2]  id of the ticket to make
-- ARGV[3]  connection
-- ARGV[4]  what it needs
-- ARGV[5]  needs of its class
-- ARGV[6]  time credit of its priority, ms
-- ARGV[7]  how many may wait; 0: any number
-- ARGV[8]  when the queue closes, ms; 0: never
-- ARGV[9]  1 if this patient may wait in another queue too
local patient, id, connection = ARGV[1], ARGV[2], ARGV[3]
local credit_ms, capacity, closes_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

-- A late repeat of a join whose ticket has ended draws no second number.
local repeated = read(TICKETS, id)
if repeated and repeated.patient ~= patient then return refuse('no_such_ticket') end
if repeated and repeated.forget_ms then return reply(repeated) end

-- With a ticket only: `forget` takes it back with that.
local function share() if ARGV[9] == '1' then redis.call('SADD', SHARED, patient) end end
local active = get(PATIENTS, patient)
local ticket = active and read(TICKETS, active)
if ticket then
  share()
  if attach(ticket, connection) then
    return commit(ticket, nil, by_patient('come_back', ticket))
  end
  return reply(ticket)
end

if now < counters.closed_until or (closes_ms > 0 and now >= closes_ms) then
  return refuse('queue_closed')
end
if capacity > 0 and redis.call('ZCARD', PRESENT) + redis.call('ZCARD', AWAY) >= capacity then
  return refuse('queue_full')
end
local class = class_of(ARGV[5])
if not class then return refuse('too_many_classes') end
share()
ticket = {
  id = id, patient = patient, number = count_up('number'),
  state = 'waiting', present = true, order_key = now - credit_ms, joined_ms = now, epoch = 0,
  ring_until_ms = 0, missed = 0, reason = '', connection = connection,
  needs = ARGV[4], class = class, credit_ms = credit_ms,
}
local step = by_patient('join', ticket)
step.rise = credit_ms > 0 and 'urgent' or nil
return commit(ticket, nil, step)
