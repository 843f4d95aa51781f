-- Second step of a transfer: a number here, with the time already waited. Who waits here already
-- keeps that number, and the better place of the two.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  the ticket as it was, from the other queue
-- ARGV[2]  the other queue
-- ARGV[3]  1 if this patient may wait in another queue too
-- ARGV[4]  how long an away ticket keeps its place, ms
local old = cmsgpack.unpack(ARGV[1])

local repeated = read(TICKETS, old.moved_ticket)
if repeated then return reply(repeated) end
local function share() if ARGV[3] == '1' then redis.call('SADD', SHARED, old.patient) end end

local order_key = old.joined_ms - old.moved_credit_ms
local active = get(PATIENTS, old.patient)
local ticket = active and read(TICKETS, active)
if ticket then share() end
if ticket and (ticket.state ~= 'waiting' or ticket.order_key <= order_key) then
  return reply(ticket)
elseif ticket then
  index(PRESENT, place_of(ticket))
  index(AWAY, place_of(ticket))
  ticket.order_key, ticket.credit_ms = order_key, old.moved_credit_ms
else
  local class = class_of(old.moved_class)
  if not class then return refuse('too_many_classes') end
  share()
  ticket = {
    id = old.moved_ticket, patient = old.patient, state = 'waiting', reason = 'transferred',
    number = count_up('number'), order_key = order_key,
    joined_ms = old.joined_ms, epoch = 0, ring_until_ms = 0, missed = 0,
    present = old.connection ~= '', connection = old.connection, away_until_ms = now + ARGV[4],
    needs = old.moved_needs, class = class, credit_ms = old.moved_credit_ms,
    from = {queue = ARGV[2], ticket = old.id, number = old.number},
  }
end
return commit(ticket, nil, {name = 'arrive', role = 'clock', rise = 'transferred_in'})
