-- In front of every script: what becomes of the tickets a pull comes upon.

local AWAY_MOST = 4  -- of each class, told in one pull

-- Set of the ids in a list with commas between, and how many they are.
local function listed(ids)
  local set, count = {}, 0
  for id in string.gmatch(ids, '[^,]+') do set[id], count = true, count + 1 end
  return set, count
end

-- Whoever would have been called, had they been there, is told so once for each absence: the
-- backend can send them a notification.
local function tell_away(codes, taken, retention_ms)
  for _, code in ipairs(codes) do
    for _, place in ipairs(firsts(AWAY, code, AWAY_MOST)) do
      local before = taken and order_of(place_of(taken))
      local ticket = read(TICKETS, id_of(place))
      if not ticket then
        set_aside(id_of(place), retention_ms, place)
      elseif (not before or order_of(place) < before) and not ticket.present
        and not ticket.called_away_ms then
        ticket.called_away_ms = now
        commit(ticket, nil, by_clock('called_away'))
      end
    end
  end
end

local function call(ticket, id, clinician, unit, ring_ms, undo_ms, lease_ms)
  ticket.state, ticket.reason, ticket.visit = 'called', '', id
  ticket.epoch = count_up('epoch')
  ticket.ring_until_ms = now + ring_ms
  return {
    id = id, ticket = ticket.id, number = ticket.number, patient = ticket.patient,
    shared = is_shared(ticket.patient),
    clinician = clinician, unit = unit, epoch = ticket.epoch, state = 'called',
    called_ms = now, answered_ms = 0, ended_ms = 0, ring_until_ms = ticket.ring_until_ms,
    undo_until_ms = now + undo_ms, holder_until_ms = now + lease_ms, held_until_ms = 0,
    media_node = '', media_epoch = 0, reason = '', outcome = '',
  }
end
