-- A node stops: it is given up as soon as its people had the time to connect to another one.
-- KEYS[1]  the leases (_leases.lua)
-- ARGV[1]  number of the node
-- ARGV[2]  that time, ms
local node, chance_ms = ARGV[1], tonumber(ARGV[2])

redis.call('ZADD', LEASES, 'XX', -(now + chance_ms), node)
return cmsgpack.pack({})
