-- A guest goes; the visit goes on. A guest's id is of one person only: there is no other fence.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  guest
local visit, ticket = whole_visit(ARGV[1])
if not visit then return refuse('no_such_visit') end
local guest = guest_of(visit, ARGV[2])
if not guest or guest.state ~= 'in' then return reply(nil, visit) end

guest.state = 'left'
return commit(ticket, visit, of_guest('guest_left', visit, guest, 'guest', guest.id))
