-- Renew a node's lease, or begin it; answers whether the node has not been given up meanwhile.
-- KEYS[1]  the leases (_leases.lua)
-- ARGV[1]  number of the node
-- ARGV[2]  lease, ms
-- ARGV[3]  1 if it has held the lease before
local node = ARGV[1]

local held = ARGV[3] ~= '1' or not given_up(node)
if held then redis.call('ZADD', LEASES, now + tonumber(ARGV[2]), node) end
return cmsgpack.pack({held = held})
