-- A connection is gone. Only the newest one counts: the late end of an older one changes nothing.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  connection
-- ARGV[3]  how long an away ticket keeps its place, ms
local id, connection, grace_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])

local ticket = read(TICKETS, id)
if not ticket then return refuse('no_such_ticket') end
if ticket.forget_ms or ticket.connection ~= connection then return reply(ticket) end

return detach(ticket, grace_ms, by_patient('go_away', ticket))
