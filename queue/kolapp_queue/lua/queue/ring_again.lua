-- The clinician rings a patient again whom the visit has lost; it rings until they answer or the
-- time is over. Also one whose connection is there: the media may be gone, or nobody at the screen.
-- The visit goes on either way.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  how long it rings, ms
local visit = read(VISITS, ARGV[1])
if not visit or visit.clinician ~= ARGV[2] then return refuse('no_such_visit') end
if visit.epoch ~= tonumber(ARGV[3]) then return refuse('stale_epoch') end
if visit.state ~= 'live' then return refuse('wrong_state', visit.state) end

local ticket = read(TICKETS, visit.ticket)
if not ticket then return refuse('no_such_ticket') end
if ticket.ring_until_ms > now then return reply(ticket, visit) end
ticket.ring_until_ms = now + tonumber(ARGV[4])
return commit(ticket, visit, by_clinician('ring_again', visit))
