-- Take the earliest present ticket for a clinician who has locked their own record for it.
-- The fence makes it safe to repeat and to abandon: a lock epoch is good for one pull here.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  epoch of the clinician's lock
-- ARGV[3]  id of the visit to make
-- ARGV[4]  how long the call rings, ms
-- ARGV[5]  how long what ended stays readable, ms
local clinician, lock_epoch, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local ring_ms, retention_ms = tonumber(ARGV[4]), tonumber(ARGV[5])

local repeated = read(VISITS, id)
if repeated then return reply(read(TICKETS, repeated.ticket), repeated) end
if not fence(clinician, lock_epoch, retention_ms) then return refuse('stale_epoch') end

local first = redis.call('ZRANGE', PRESENT, 0, 0)[1]
if not first then return reply() end

local ticket = read(TICKETS, string.sub(first, 26))
ticket.state, ticket.reason, ticket.visit = 'called', '', id
ticket.epoch = redis.call('HINCRBY', META, 'epoch', 1)
ticket.ring_until_ms = now + ring_ms
return commit(ticket, {
  id = id,
  ticket = ticket.id,
  number = ticket.number,
  clinician = clinician,
  epoch = ticket.epoch,
  state = 'called',
  called_ms = now,
  answered_ms = 0,
  ended_ms = 0,
  ring_until_ms = ticket.ring_until_ms,
  media_node = '',
  media_epoch = 0,
  reason = '',
})
