-- In front of every script: the stream of events, and why places rose.
-- A step is {name, role, actor, unit, reason, guest, rise}; all but the name may be missing.

local MOST_CAUSES = 128
local CAUSES_MS = 3600000  -- nobody compares with a place told longer ago

local function by_patient(name, ticket)
  return {name = name, role = 'patient', actor = ticket.patient}
end

local function by_clinician(name, visit)
  return {name = name, role = 'clinician', actor = visit.clinician, unit = visit.unit}
end

local function by_clock(name) return {name = name, role = 'clock'} end

local function write_event(step, version, ticket, visit)
  redis.call('XADD', EVENTS, '*', 'e', cmsgpack.pack({
    step = step.name,
    ms = now,
    version = version,
    ticket = ticket.id,
    patient = ticket.patient,
    number = ticket.number,
    order_key = ticket.order_key,
    class = ticket.class,
    state = ticket.state,
    visit = visit and visit.id or ticket.visit,
    epoch = visit and visit.epoch or ticket.epoch,
    role = step.role,
    actor = step.actor or '',
    unit = step.unit or '',
    reason = step.reason or ticket.reason,
    guest = step.guest,
    outcome = visit and visit.outcome,
    wait_ms = visit and visit.called_ms - ticket.joined_ms or now - ticket.joined_ms,
    visit_ms = visit and visit.answered_ms > 0 and math.max(visit.ended_ms, visit.answered_ms)
      - visit.answered_ms or 0,
  }))
end

-- `ticket` came in front of others; nil: it concerns all classes.
local function write_cause(rise, version, ticket)
  local class = ticket and tonumber(ticket.class) or -1
  local order_key, number = ticket and ticket.order_key or 0, ticket and ticket.number or 0
  redis.call('RPUSH', CAUSES, cmsgpack.pack({version, rise, class, order_key, number}))
  redis.call('LTRIM', CAUSES, -MOST_CAUSES, -1)
  redis.call('PEXPIRE', CAUSES, CAUSES_MS)
end
