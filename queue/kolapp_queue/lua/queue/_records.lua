-- Second in front of every script: the records, and `commit`, the one way to change them.

local function read(records, id)
  local packed = redis.call('HGET', records, id)
  return packed and cmsgpack.unpack(packed) or nil
end

local function visit_of(ticket)
  return ticket.visit and read(VISITS, ticket.visit)
end

local function reply(ticket, visit)
  return cmsgpack.pack({ticket = ticket, visit = visit})
end

local function refuse(why, state)
  return cmsgpack.pack({refused = why, state = state})
end

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

-- A hint says where to look, never what is there.
local function announce(ticket, visit)
  local version = redis.call('HINCRBY', META, 'version', 1)
  redis.call('HSET', META, 'clock', now)
  redis.call('PUBLISH', META, cmsgpack.pack({
    version = version,
    ticket = ticket and ticket.id,
    visit = visit and visit.id,
    clinician = visit and visit.clinician,
  }))
  return version
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
