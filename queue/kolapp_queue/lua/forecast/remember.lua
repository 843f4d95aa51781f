-- What was learned so far, for whoever computes next; answers whether the caller had the lease.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
-- ARGV[2]  what is remembered
local holder, memory = ARGV[1], ARGV[2]

local held = held_by(holder)
if held then redis.call('HSET', FORECAST, 'memory', memory) end
return cmsgpack.pack({held = held})
