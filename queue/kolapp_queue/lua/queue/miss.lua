-- Calls nobody answered in time: the patient keeps the place, as away, until a sign of life; one
-- miss more than allowed is a no-show.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
-- ARGV[2]  calls a patient may miss
-- ARGV[3]  how long an away ticket keeps its place, ms
-- ARGV[4]  how long what ended stays readable, ms
local most, allowed = tonumber(ARGV[1]), tonumber(ARGV[2])
local grace_ms, retention_ms = tonumber(ARGV[3]), tonumber(ARGV[4])

-- Who held these visits is to be released: their records are in other slots.
local released = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', RINGS, 0, now, 'LIMIT', 0, most)) do
  local ticket = read(TICKETS, id)
  local visit = ticket and visit_of(ticket)
  if not ticket then
    set_aside(id, retention_ms)
  else
    -- A visit that cannot be read is nobody's; the patient waits on.
    if visit then end_visit(visit, 'missed_call', retention_ms) end
    ticket.missed = ticket.missed + 1
    local step = by_clock('miss')
    if ticket.missed > allowed then
      end_ticket(ticket, 'no_show', 'missed_calls', retention_ms)
      step.name = 'no_show'
    else
      back_to_line(ticket, 'missed_call', grace_ms)
      ticket.present, step.rise = false, 'returned'
    end
    commit(ticket, visit, step)
    table.insert(released, visit)
  end
end
return cmsgpack.pack({released = released})
