-- Last step of a transfer: the ticket has become another one in the other queue.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  the ticket it has become
-- ARGV[3]  how long what ended stays readable, ms
local ticket = read(TICKETS, ARGV[1])
if not ticket then return refuse('no_such_ticket') end
if ticket.state ~= 'transferring' then return reply(ticket) end

end_ticket(ticket, 'transferred', 'transferred', tonumber(ARGV[3]))
ticket.moved_ticket = ARGV[2]
return commit(ticket, nil, by_clock('transferred'))
