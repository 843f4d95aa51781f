-- Fourth in front of every script: steps that several verbs share.

local function end_ticket(ticket, state, reason, retention_ms)
  ticket.state, ticket.reason, ticket.present = state, reason, false
  ticket.ring_until_ms, ticket.forget_ms = 0, now + retention_ms
end

local function end_visit(visit, reason, retention_ms)
  visit.state, visit.reason, visit.ended_ms = 'ended', reason, now
  visit.forget_ms = now + retention_ms
end

-- From called back into the line, at the old place.
local function back_to_line(ticket, present, reason, grace_ms)
  ticket.state, ticket.reason, ticket.present = 'waiting', reason, present
  ticket.epoch, ticket.visit, ticket.ring_until_ms = 0, nil, 0
  ticket.away_until_ms = now + grace_ms
end

-- A connection shows that the patient is there; true if that is news. The newest connection wins: a
-- replaced one may be a late repeat, so it gets the ticket back only when the newer one is gone.
local function attach(ticket, connection)
  local news = not ticket.present
  ticket.present = true
  if ticket.connection ~= connection then
    if ticket.connection ~= '' and ticket.replaced == connection then return news end
    ticket.replaced = ticket.connection
    ticket.connection = connection
    if not news then save_ticket(ticket) end
  end
  return news
end

-- Use a clinician's lock epoch up for this queue; false if it or a newer one was used before.
local function fence(clinician, lock_epoch, retention_ms)
  local used = tonumber(redis.call('ZSCORE', FENCES, clinician) or 0)
  if lock_epoch <= used then return false end
  redis.call('ZADD', FENCES, lock_epoch, clinician)
  redis.call('ZADD', ENDED, now + retention_ms, 'c' .. clinician)
  return true
end
