-- In front of every script: a patient's connections come and go.

-- A connection shows that the patient is there; true if that is news. The newest connection wins: a
-- replaced one may be a late repeat, so it gets the ticket back only when the newer one is gone.
local function attach(ticket, connection)
  local news = not ticket.present
  ticket.present, ticket.called_away_ms = true, nil
  if ticket.connection ~= connection then
    if ticket.connection ~= '' and ticket.replaced == connection then return news end
    ticket.replaced = ticket.connection
    ticket.connection = connection
    if not news then save_ticket(ticket) end
  end
  return news
end

-- The ticket's connection is gone, for which the caller knows a step. Away already (a missed call):
-- the grace runs since then.
local function detach(ticket, grace_ms, step)
  ticket.connection = ''
  if not ticket.present then
    save_ticket(ticket)
    return reply(ticket)
  end
  ticket.present, ticket.away_until_ms = false, now + grace_ms
  return commit(ticket, nil, step)
end
