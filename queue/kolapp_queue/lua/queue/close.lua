-- Nobody is served here any more until the next opening: who still waits is told so.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
-- ARGV[2]  from when on, ms
-- ARGV[3]  until when an operator closed the queue, as far as the caller knows; '': none did
-- ARGV[4]  how long what ended stays readable, ms
local most, ends_ms, retention_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])

if now < ends_ms or (redis.call('HGET', META, 'closed_until') or '') ~= ARGV[3] then
  return reply()
end
for _, set in ipairs({PRESENT, AWAY}) do
  for _, place in ipairs(redis.call('ZRANGE', set, 0, most - 1)) do
    local ticket = read(TICKETS, id_of(place))
    if ticket then
      end_ticket(ticket, 'expired', 'closed', retention_ms)
      commit(ticket, nil, by_clock('close'))
    else
      set_aside(id_of(place), retention_ms, place)
    end
  end
end
return reply()
