-- Clinicians who gave no sign while they held a visit. A call goes back to the front. A live visit
-- is held for them, then open to a colleague for as long again, then over.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
-- ARGV[2]  how long a visit is held, ms
-- ARGV[3]  1 if a colleague may take over
-- ARGV[4]  how long an away ticket keeps its place, ms
-- ARGV[5]  how long what ended stays readable, ms
-- ARGV[6]  calls in a row that may end so; then the ticket is set aside
local most, held_ms, take_over = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local grace_ms, retention_ms = tonumber(ARGV[4]), tonumber(ARGV[5])
local most_vanished, released = tonumber(ARGV[6]), {}

local function over(ticket, visit, step)
  end_visit(visit, 'clinician_gone', retention_ms)
  commit(ticket, visit, step)
  table.insert(released, visit)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOLDERS, 0, now, 'LIMIT', 0, most)) do
  local visit = read(VISITS, id)
  local ticket = visit and read(TICKETS, visit.ticket)
  if not ticket then
    index(HOLDERS, id)
    redis.call('ZADD', ENDED, now + retention_ms, 'v' .. id)
    set_aside(visit and visit.ticket or id, retention_ms)
    if visit then
      end_visit(visit, 'clinician_gone', retention_ms)
      save_visit(visit)
      table.insert(released, visit)
    end
  elseif visit.state == 'called' then
    local step = by_clock('clinician_gone')
    step.rise = 'given_back'
    local vanished = (ticket.vanished or 0) + 1
    back_to_line(ticket, 'clinician_gone', grace_ms)
    ticket.vanished, ticket.aside = vanished, vanished >= most_vanished
    over(ticket, visit, step)
    if ticket.aside then alarm(ticket) end
  elseif visit.state == 'live' then
    visit.state, visit.held_until_ms = 'held', now + held_ms
    visit.holder_until_ms = now + (take_over and 2 or 1) * held_ms
    commit(ticket, visit, by_clock('hold'))
  else
    visit.outcome = 'technical_failure'
    end_ticket(ticket, 'completed', 'clinician_gone', retention_ms)
    over(ticket, visit, by_clock('give_up'))
  end
end
return cmsgpack.pack({released = released})
