-- A guest comes in: the code is used up in the same step. Why one is no good is never told apart.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  guest
-- ARGV[3]  digest of the code
-- ARGV[4]  key of the step: who came in with it comes in again, also after the store lost that
local id, digest, key = ARGV[2], ARGV[3], ARGV[4]

local visit, ticket = whole_visit(ARGV[1])
local guest = visit and guest_of(visit, id)
if not guest or not is_open(visit) then return refuse('bad_code') end
if guest.state == 'in' and guest.came_with == key then return reply(nil, visit) end
if guest.state ~= 'invited' or not is_seated(guest) or guest.digest ~= digest then
  return refuse('bad_code')
end

guest.state, guest.digest, guest.came_with = 'in', nil, key
guest.heard_from = visit.said or 0
return commit(ticket, visit, of_guest('guest_joined', visit, guest, 'guest', guest.id))
