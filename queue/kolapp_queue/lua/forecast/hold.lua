-- Take the lease, or renew it; answers whether the caller has it.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
-- ARGV[2]  lease, ms
local holder, lease_ms = ARGV[1], tonumber(ARGV[2])

local until_ms = tonumber(redis.call('HGET', FORECAST, 'until_ms') or 0)
local free = until_ms <= clock() or held_by(holder)
if free then hold(holder, lease_ms) end
return cmsgpack.pack({held = free})
