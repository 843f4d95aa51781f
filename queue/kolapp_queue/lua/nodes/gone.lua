-- The nodes that are given up. A lease that ended is first looked for in vain for a while: after
-- the store itself was away, every node must have had the time to renew its own.
-- KEYS[1]  the leases (_leases.lua)
-- ARGV[1]  how long a lease that ended is looked for, ms
local chance_ms = tonumber(ARGV[1])

local gone = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', now)) do
  if given_up(node) then
    table.insert(gone, node)
  elseif tonumber(redis.call('ZSCORE', LEASES, node)) > 0 then
    redis.call('ZADD', LEASES, -(now + chance_ms), node)
  end
end
return cmsgpack.pack({gone = gone})
