-- A guest has to go, or the invitation is taken back. A seat that is free already stays so.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who removes: the visit's clinician, or somebody of the provider
-- ARGV[3]  epoch of the visit
-- ARGV[4]  role of who removes: clinician or backend
-- ARGV[5]  seat of the guest
local by, epoch, role = ARGV[2], tonumber(ARGV[3]), ARGV[4]

local visit, ticket = visit_hosted(ARGV[1], by, role)
if not visit then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if not is_open(visit) then return refuse('wrong_state', visit.state) end

local guest = guest_at(visit, ARGV[5])
if not guest or not is_seated(guest) then return reply(nil, visit) end
guest.state, guest.digest = 'removed', nil
return commit(ticket, visit, of_guest('guest_removed', visit, guest, role, by))
