-- In front of every script: steps that several verbs share.

local function end_ticket(ticket, state, reason, retention_ms)
  ticket.state, ticket.reason, ticket.present = state, reason, false
  ticket.ring_until_ms, ticket.forget_ms = 0, now + retention_ms
end

local function line_of(visit, number) return visit.id .. '/' .. number end

local function end_visit(visit, reason, retention_ms)
  for number = 1, visit.said or 0 do set(CHAT, line_of(visit, number)) end
  visit.state, visit.reason, visit.ended_ms, visit.held_until_ms = 'ended', reason, now, 0
  visit.guests = nil
  visit.forget_ms = now + retention_ms
end

-- From called back into the line, at the old place. Who lost the connection meanwhile waits as
-- away: the next pull would ring nobody.
local function back_to_line(ticket, reason, grace_ms)
  ticket.state, ticket.reason, ticket.present = 'waiting', reason, ticket.connection ~= ''
  ticket.epoch, ticket.visit, ticket.ring_until_ms = 0, nil, 0
  ticket.away_until_ms, ticket.vanished, ticket.aside = now + grace_ms, nil, nil
end

-- Whether this lock epoch of the clinician, or a newer one, was used up here.
local function fenced(clinician, lock_epoch)
  return lock_epoch <= tonumber(score_of(FENCES, clinician) or 0)
end

-- When to forget it is looked at once, by `forget`: an epoch says itself how old it is.
local function fence(clinician, lock_epoch, retention_ms)
  if fenced(clinician, lock_epoch) then return end
  if not score_of(FENCES, clinician) then index(ENDED, 'c' .. clinician, now + retention_ms) end
  index(FENCES, clinician, lock_epoch)
end
