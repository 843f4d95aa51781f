-- Take the earliest present ticket that fits a clinician who has locked their own record for it, or
-- a certain one. The fence makes it safe to repeat and to abandon: a lock epoch is good for one
-- pull here. A patient who may wait elsewhere too is taken only when locked for this visit: else
-- the answer says whom to lock, and nothing has changed.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  epoch of the clinician's lock
-- ARGV[3]  id of the visit to make
-- ARGV[4]  profile of the clinician
-- ARGV[5]  the ticket that is wanted; '': the earliest
-- ARGV[6]  why that one
-- ARGV[7]  the ticket whose patient is locked for this visit, if any
-- ARGV[8]  tickets whose patients are busy elsewhere, with commas between
-- ARGV[9]  how long the call rings, ms
-- ARGV[10]  how long it can be undone, ms
-- ARGV[11]  lease of the clinician on the visit, ms
-- ARGV[12]  how long what ended stays readable, ms
-- ARGV[13]  ways of the visit: none or some of direct, relay_only, encrypted, with commas
-- ARGV[14]  guests that the visit may have at a time
local clinician, lock_epoch, id, profile = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local wanted, locked, ring_ms = ARGV[5], ARGV[7], tonumber(ARGV[9])

local repeated = read(VISITS, id)
if repeated then return reply(nil, repeated) end
if fenced(clinician, lock_epoch) then return refuse('stale_epoch') end
local ticket, codes, unit
if wanted ~= '' then
  ticket = read(TICKETS, wanted)
  if not ticket then return refuse('no_such_ticket') end
  if ticket.state ~= 'waiting' then return refuse('wrong_state', ticket.state) end
else
  codes, unit = fitting(clinician, profile)
  ticket = earliest_ticket(codes, tonumber(ARGV[12]), listed(ARGV[8]))
end
if ticket and ticket.id ~= locked and is_shared(ticket.patient) then
  return {lock = ticket.id, patient = ticket.patient}
end
fence(clinician, lock_epoch, tonumber(ARGV[12]))
if codes then tell_away(codes, ticket and order_of(place_of(ticket)), tonumber(ARGV[12])) end
if not ticket then return reply() end

unit = unit or spelled(profile).unit or ''
local visit = call(ticket, id, clinician, unit, ring_ms, ARGV[10], ARGV[11], listed(ARGV[13]))
visit.most_guests = tonumber(ARGV[14])
local step = by_clinician('pull', visit)
if wanted ~= '' then step.name, step.reason = 'pull_ticket', ARGV[6] end
return packed_reply(nil, select(2, commit(ticket, visit, step)))
