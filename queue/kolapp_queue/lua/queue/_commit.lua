-- Third in front of every script: `commit`, the one way to change a ticket or a visit.

-- Ties of the order key go by the number drawn: equal scores sort by their members' bytes, and the
-- whole member sorts as the score does, so present and away merge without their scores.
local function place_of(ticket)
  return string.format('%015d%010d%s', ticket.order_key, ticket.number, ticket.id)
end

local function index(set, member, score)
  if score then redis.call('ZADD', set, score, member) else redis.call('ZREM', set, member) end
end

-- The indexes follow from the record alone, so the two cannot disagree.
local function save_ticket(ticket)
  local state, place = ticket.state, place_of(ticket)
  local waiting = state == 'waiting'
  index(PRESENT, place, waiting and ticket.present and ticket.order_key)
  index(AWAY, place, waiting and not ticket.present and ticket.order_key)
  index(GRACE, ticket.id, waiting and not ticket.present and ticket.away_until_ms)
  index(RINGS, ticket.id, state == 'called' and ticket.ring_until_ms)
  if ticket.forget_ms then
    redis.call('HDEL', PATIENTS, ticket.patient)
    redis.call('ZADD', ENDED, ticket.forget_ms, 't' .. ticket.id)
  else
    redis.call('HSET', PATIENTS, ticket.patient, ticket.id)
  end
  redis.call('HSET', TICKETS, ticket.id, cmsgpack.pack(ticket))
end

local function save_visit(visit)
  index(LIVE, visit.id, visit.state == 'live' and visit.answered_ms)
  if visit.forget_ms then redis.call('ZADD', ENDED, visit.forget_ms, 'v' .. visit.id) end
  redis.call('HSET', VISITS, visit.id, cmsgpack.pack(visit))
end

local function commit(ticket, visit)
  local version = announce(ticket, visit)
  if ticket then
    ticket.version = version
    save_ticket(ticket)
  end
  if visit then
    visit.version = version
    save_visit(visit)
  end
  return reply(ticket, visit)
end
