-- Remove what is personal of an ended ticket. What stays is a tombstone: the id that a signed copy
-- would name, until copies of its time are void.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  its visits, with commas between
local id, patient = ARGV[1], ARGV[2]

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
if not ticket.forget_ms then return refuse('wrong_state', ticket.state) end

write_event({name = 'erased', role = 'operator'}, counters.version, ticket)
for visit in string.gmatch(ARGV[3], '[^,]+') do
  redis.call('HDEL', VISITS, visit)
  redis.call('ZREM', ENDED, 'v' .. visit)
end
redis.call('HDEL', INTAKE, id)
redis.call('SREM', SHARED, patient)
redis.call('ZREM', ENDED, 's' .. patient)
redis.call('HSET', TICKETS, id, cmsgpack.pack({
  schema = ticket.schema, id = id, patient = '', number = ticket.number, state = ticket.state,
  present = false, order_key = 0, joined_ms = 0, version = ticket.version, epoch = 0,
  ring_until_ms = 0, missed = 0, reason = 'erased', connection = '', needs = '',
  class = ticket.class, credit_ms = 0, counted = false, forget_ms = ticket.forget_ms,
}))
return reply()
