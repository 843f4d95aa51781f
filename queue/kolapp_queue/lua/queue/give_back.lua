-- The clinician hands a called patient back: the old place, so the front.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  how long an away ticket keeps its place, ms
-- ARGV[5]  how long what ended stays readable, ms
local id, clinician, epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])
local grace_ms, retention_ms = tonumber(ARGV[4]), tonumber(ARGV[5])

local visit = read(VISITS, id)
if not visit or visit.clinician ~= clinician then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.reason == 'given_back' then return reply(nil, visit) end
if visit.state ~= 'called' then return refuse('wrong_state', visit.state) end

-- Who lost the connection meanwhile waits as away: the next pull would ring nobody.
local ticket = read(TICKETS, visit.ticket)
back_to_line(ticket, ticket.connection ~= '', 'given_back', grace_ms)
end_visit(visit, 'given_back', retention_ms)
return commit(ticket, visit)
