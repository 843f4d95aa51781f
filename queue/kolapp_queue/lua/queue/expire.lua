-- Patients who were away longer than the grace lose their place.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
-- ARGV[2]  how long what ended stays readable, ms
local most, retention_ms = tonumber(ARGV[1]), tonumber(ARGV[2])

for _, id in ipairs(redis.call('ZRANGEBYSCORE', GRACE, 0, now, 'LIMIT', 0, most)) do
  local ticket = read(TICKETS, id)
  if ticket then
    end_ticket(ticket, 'expired', 'away_too_long', retention_ms)
    commit(ticket, nil, by_clock('expire'))
  else
    set_aside(id, retention_ms)
  end
end
return reply()
