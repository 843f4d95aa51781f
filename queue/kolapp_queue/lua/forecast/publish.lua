-- New waiting times, for all nodes to read; answers whether the caller still had the lease.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
-- ARGV[2]  lease, ms
-- ARGV[3]  what is published
-- ARGV[4]  version of the queue, as of which it is
local holder, lease_ms, published, version = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local held = held_by(holder)
if held then
  hold(holder, lease_ms)
  redis.call('HSET', FORECAST, 'published', published)
  redis.call(PUBLISH, HINTS, cmsgpack.pack({version = version, forecast = true}))
end
return cmsgpack.pack({held = held})
