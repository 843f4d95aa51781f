-- Tickets whose transfer nobody has completed in time; changes nothing.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many at most
local tickets = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', MOVING, 0, now, 'LIMIT', 0, ARGV[1])) do
  table.insert(tickets, read(TICKETS, id))
end
return cmsgpack.pack({tickets = tickets})
