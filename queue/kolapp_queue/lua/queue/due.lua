-- The earliest deadline of each kind, and the time to compare it with; the nodes at which somebody
-- has a connection; how many wait, are on duty, and were ever set aside; until when an operator
-- closed the queue. Changes nothing.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how long events are kept, ms
local function earliest(set)
  return tonumber(redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2])
end

local nodes, node = {}, '-inf'
repeat
  node = redis.call('ZRANGEBYSCORE', LINKED, '(' .. node, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  table.insert(nodes, node)
until not node

local first = redis.call('XRANGE', EVENTS, '-', '+', 'COUNT', 1)[1]

return cmsgpack.pack({
  now = now,
  rings = earliest(RINGS),
  grace = earliest(GRACE),
  duty = earliest(DUTY),
  ended = earliest(ENDED),
  holders = earliest(HOLDERS),
  moving = earliest(MOVING),
  nodes = nodes,
  asides = tonumber(redis.call('HGET', META, 'asides') or 0),
  waiting = redis.call('ZCARD', PRESENT) + redis.call('ZCARD', AWAY),
  on_duty = redis.call('ZCOUNT', DUTY, '(' .. now, '+inf'),
  closed_until = redis.call('HGET', META, 'closed_until') or '',
  closed_ms = redis.call('HGET', META, 'closed_ms') or '',
  events = first and tonumber(string.match(first[1], '^%d+')) + tonumber(ARGV[1]) + 1,
})
