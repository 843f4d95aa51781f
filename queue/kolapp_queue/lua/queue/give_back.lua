-- The clinician hands a called patient back, or undoes the pull: the old place, so the front.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  reason: given_back or undone; the latter for a short time only
-- ARGV[5]  how long an away ticket keeps its place, ms
-- ARGV[6]  how long what ended stays readable, ms
local id, clinician, epoch, reason = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local grace_ms, retention_ms = tonumber(ARGV[5]), tonumber(ARGV[6])

local visit = read(VISITS, id)
if not visit or visit.clinician ~= clinician then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.reason == reason then return reply(nil, visit) end
if visit.state ~= 'called' then return refuse('wrong_state', visit.state) end
if reason == 'undone' and now >= visit.undo_until_ms then return refuse('too_late') end

local ticket = read(TICKETS, visit.ticket)
if not ticket then return refuse('no_such_ticket') end
back_to_line(ticket, reason, grace_ms)
end_visit(visit, reason, retention_ms)
local step = by_clinician(reason == 'undone' and 'undo_pull' or 'give_back', visit)
step.rise = 'given_back'
return commit(ticket, visit, step)
