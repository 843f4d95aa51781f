-- Seventh in front of every script: `commit`, the one way to change a ticket or a visit.

local SCHEMA = 1  -- of the records; a reader takes the next one too and keeps what it does not know

-- The indexes follow from the record alone, so the two cannot disagree.
local function save_ticket(ticket)
  local state, place = ticket.state, place_of(ticket)
  local waiting, pulled = state == 'waiting', ticket.present and not ticket.aside
  index(PRESENT, place, waiting and pulled and 0)
  index(AWAY, place, waiting and not pulled and 0)
  index(GRACE, ticket.id, waiting and not ticket.present and ticket.away_until_ms)
  index(RINGS, ticket.id, state == 'called' and ticket.ring_until_ms)
  index(MOVING, ticket.id, state == 'transferring' and ticket.moving_until_ms)
  local counts = not ticket.forget_ms
  if counts ~= (ticket.counted or false) then
    count_class(ticket.class, counts and 1 or -1)
    ticket.counted = counts
  end
  local node = counts and node_of(ticket.connection) or nil
  if node ~= ticket.node then index(LINKED, ticket.id, node) end
  ticket.node = node
  if ticket.forget_ms then
    redis.call('HDEL', PATIENTS, ticket.patient)
    redis.call('ZADD', ENDED, ticket.forget_ms, 't' .. ticket.id)
  else
    redis.call('HSET', PATIENTS, ticket.patient, ticket.id)
  end
  redis.call('HSET', TICKETS, ticket.id, cmsgpack.pack(ticket))
end

local function save_visit(visit)
  index(LIVE, visit.id, (visit.state == 'live' or visit.state == 'held') and visit.answered_ms)
  index(HOLDERS, visit.id, visit.state ~= 'ended' and visit.holder_until_ms)
  if visit.forget_ms then redis.call('ZADD', ENDED, visit.forget_ms, 'v' .. visit.id) end
  redis.call('HSET', VISITS, visit.id, cmsgpack.pack(visit))
end

local function commit(ticket, visit, step)
  local version = announce(ticket, visit)
  for _, record in ipairs({ticket or visit, visit or ticket}) do
    record.version, record.schema = version, record.schema or SCHEMA
  end
  if ticket then save_ticket(ticket) end
  if visit then save_visit(visit) end
  if step then
    write_event(step, version, ticket or read(TICKETS, visit.ticket), visit)
    if step.rise then write_cause(step.rise, version, ticket) end
  end
  return reply(ticket, visit)
end
