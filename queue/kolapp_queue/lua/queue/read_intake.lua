-- What the patient wrote, still sealed, for the clinician who holds the visit, from the pull to its
-- end. Every opening is an event: the audit learns of it in the step that hands it out.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
local id, clinician, epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])

local visit = read(VISITS, id)
if not visit or visit.clinician ~= clinician then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.state == 'ended' then return refuse('wrong_state', visit.state) end

local sealed = redis.call('HGET', INTAKE, visit.ticket)
if not sealed then return cmsgpack.pack({ticket = visit.ticket}) end

local ticket = read(TICKETS, visit.ticket)
write_event(by_clinician('intake_opened', visit), counters.version, ticket, visit)
return cmsgpack.pack({ticket = visit.ticket, sealed = sealed})
