-- First step of a transfer: the visit is over here, the ticket on its way into another queue.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  the other queue
-- ARGV[5]  id of the ticket to make there
-- ARGV[6]  what it needs there
-- ARGV[7]  needs of its class there
-- ARGV[8]  time credit there, ms; '': as here
-- ARGV[9]  when somebody else looks after it, ms from now
-- ARGV[10]  how long what ended stays readable, ms
local clinician, epoch, id = ARGV[2], tonumber(ARGV[3]), ARGV[5]

local visit = read(VISITS, ARGV[1])
if not visit or visit.clinician ~= clinician then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
local ticket = read(TICKETS, visit.ticket)
if not ticket then return refuse('no_such_ticket') end
if visit.reason == 'transferred' then return reply(ticket, visit) end
if visit.state == 'ended' then return refuse('wrong_state', visit.state) end

ticket.state, ticket.reason, ticket.ring_until_ms = 'transferring', 'transferred', 0
ticket.moved_to, ticket.moved_ticket = ARGV[4], id
ticket.moved_needs, ticket.moved_class = ARGV[6], ARGV[7]
ticket.moved_credit_ms = tonumber(ARGV[8]) or ticket.credit_ms
ticket.moving_until_ms = now + tonumber(ARGV[9])
if visit.answered_ms > 0 then visit.outcome = 'referred' end
end_visit(visit, 'transferred', tonumber(ARGV[10]))
return commit(ticket, visit, by_clinician('transfer', visit))
