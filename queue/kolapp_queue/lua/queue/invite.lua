-- A place in a live visit for somebody who is no party to it: whoever shows the code first has it.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who invites: the visit's clinician, or somebody of the provider
-- ARGV[3]  epoch of the visit
-- ARGV[4]  role of who invites: clinician or backend
-- ARGV[5]  key of the step: with the same one it is the same invitation, under a new code
-- ARGV[6]  kind of guest
-- ARGV[7]  id of the guest to make
-- ARGV[8]  digest of the code
-- ARGV[9]  for how long the code is good, ms
local by, epoch, role, key = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local digest, until_ms = ARGV[8], now + tonumber(ARGV[9])

local visit, ticket = visit_hosted(ARGV[1], by, role)
if not visit then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if not is_open(visit) then return refuse('wrong_state', visit.state) end

local guest
for _, other in ipairs(visit.guests or {}) do
  if other.key == key then guest = other end
end
if guest and guest.state ~= 'invited' then return refuse('wrong_state', visit.state) end
if guest and guest.digest == digest then return {visit = visit, guest = guest.id} end
if not guest then
  local free = free_seat(visit)
  if not free then return refuse('guests_full') end
  guest = {seat = free, kind = ARGV[6], id = ARGV[7], key = key, state = 'invited'}
  seat(visit, guest)
end
guest.digest, guest.until_ms = digest, until_ms
visit.mode = nil
commit(ticket, visit, of_guest('guest_invited', visit, guest, role, by))
return {visit = visit, guest = guest.id}
