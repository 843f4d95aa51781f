-- Nobody has a connection to this node any more. What it sent last may still come for a while: it
-- is forgotten after that.
-- KEYS[1]  the leases (_leases.lua)
-- ARGV[1]  number of the node
-- ARGV[2]  how long after it was given up, ms
local node, late_ms = ARGV[1], tonumber(ARGV[2])

local since = given_up(node)
if since and since + late_ms <= now then redis.call('ZREM', LEASES, node) end
return cmsgpack.pack({})
