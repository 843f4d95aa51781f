-- The holder stops: another one may begin at once. Answers whether it had the lease.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
local holder = ARGV[1]

local held = held_by(holder)
if held then redis.call('HSET', FORECAST, 'until_ms', 0) end
return cmsgpack.pack({held = held})
