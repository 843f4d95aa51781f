-- In front of every script: `commit`, the one way to change a ticket or a visit.

local SCHEMA = 1  -- of the records; a reader takes the next one too and keeps what it does not know

-- Answers with the packed record.
local function save_ticket(ticket)
  local made_now = not indexed[ticket]
  move(ticket, indexes_of_ticket(ticket))
  local counts = not ticket.forget_ms
  if counts ~= (ticket.counted or false) then
    count_class(ticket.class, counts and 1 or -1)
    ticket.counted = counts
  end
  local node = counts and node_of(ticket.connection) or nil
  if node ~= ticket.node then index(LINKED, ticket.id, node) end
  ticket.node = node
  if ticket.forget_ms then
    set(PATIENTS, ticket.patient)
    index(ENDED, 't' .. ticket.id, ticket.forget_ms)
  elseif made_now then
    set(PATIENTS, ticket.patient, ticket.id)
  end
  local packed = cmsgpack.pack(ticket)
  set(TICKETS, ticket.id, packed)
  return packed
end

-- Answers with the packed record.
local function save_visit(visit)
  move(visit, indexes_of_visit(visit))
  if visit.forget_ms then index(ENDED, 'v' .. visit.id, visit.forget_ms) end
  local packed = cmsgpack.pack(visit)
  set(VISITS, visit.id, packed)
  return packed
end

-- Answers with the reply of both, packed, and with the packed visit.
local function commit(ticket, visit, step)
  local version = announce(ticket, visit)
  if ticket then ticket.version, ticket.schema = version, ticket.schema or SCHEMA end
  if visit then visit.version, visit.schema = version, visit.schema or SCHEMA end
  local kept, held = ticket and save_ticket(ticket), visit and save_visit(visit)
  if step then
    write_event(step, version, ticket or read(TICKETS, visit.ticket), visit)
    if step.rise then write_cause(step.rise, version, ticket) end
  end
  return packed_reply(kept, held), held
end
