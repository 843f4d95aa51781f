-- The patient answers the call: the visit is live. An answer after the ring's end still counts
-- while nobody has done the step that the end asks for: the clinician is still there. Answered in
-- the visit, the ring of `ring_again` is over.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  epoch of the call
local id, patient, epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])

local ticket = read(TICKETS, id)
if not ticket or ticket.patient ~= patient then return refuse('no_such_ticket') end
if ticket.state ~= 'called' and ticket.state ~= 'in_visit' then
  return refuse('wrong_state', ticket.state)
end
if ticket.epoch ~= epoch then return refuse('stale_epoch') end
if ticket.state == 'in_visit' then
  if ticket.ring_until_ms == 0 then return reply(ticket) end
  ticket.ring_until_ms = 0
  return commit(ticket, nil, by_patient('answer_again', ticket))
end

local visit = visit_of(ticket)
if not visit then return refuse('no_such_visit') end
ticket.state, ticket.ring_until_ms = 'in_visit', 0
visit.state, visit.answered_ms = 'live', now
return commit(ticket, visit, by_patient('answer', ticket))
