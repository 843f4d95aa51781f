-- In front of every script: what becomes of the tickets a pull comes upon.

local AWAY_MOST = 4  -- of each class, told in one pull

-- Set of the ids in a list with commas between, and how many they are.
local function listed(ids)
  local set, count = {}, 0
  for id in string.gmatch(ids, '[^,]+') do set[id], count = true, count + 1 end
  return set, count
end

-- The first ones away that were not told of their turn yet; with `before`, those in front of that.
-- With `retention_ms`, what cannot be read is set aside.
local function untold(codes, before, retention_ms)
  local found = {}
  for _, code in ipairs(codes) do
    for _, place in ipairs(firsts(AWAY, code, AWAY_MOST)) do
      if before and order_of(place) >= before then break end
      local ticket = read(TICKETS, id_of(place))
      if ticket and not ticket.present and not ticket.called_away_ms then
        table.insert(found, ticket)
      elseif not ticket and retention_ms then
        set_aside(id_of(place), retention_ms, place)
      end
    end
  end
  return found
end

-- They would have been called: once for each absence the backend can send them a notification.
local function tell_away(codes, before, retention_ms)
  for _, ticket in ipairs(untold(codes, before, retention_ms)) do
    ticket.called_away_ms = now
    commit(ticket, nil, by_clock('called_away'))
  end
end

local function call(ticket, id, clinician, unit, ring_ms, undo_ms, lease_ms, ways)
  ticket.state, ticket.reason, ticket.visit = 'called', '', id
  ticket.epoch = count_up('epoch')
  ticket.ring_until_ms, ticket.encrypted = now + ring_ms, ways.encrypted
  return {
    id = id, ticket = ticket.id, number = ticket.number, patient = ticket.patient,
    shared = is_shared(ticket.patient), relay_only = ways.relay_only, encrypted = ways.encrypted,
    clinician = clinician, unit = unit, epoch = ticket.epoch, state = 'called',
    called_ms = now, answered_ms = 0, ended_ms = 0, ring_until_ms = ticket.ring_until_ms,
    undo_until_ms = now + undo_ms, holder_until_ms = now + lease_ms, held_until_ms = 0,
    media_node = '', media_epoch = 0, reason = '', outcome = '', mode = ways.direct and 'direct',
  }
end
