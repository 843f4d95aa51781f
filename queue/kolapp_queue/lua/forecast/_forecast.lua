-- In front of every script of this folder: a queue's waiting times, and who computes them.

local FORECAST = KEYS[1]  -- hash: holder, until_ms; published and memory (MessagePack)
local HINTS = KEYS[2]     -- channel of the queue's hints, named like a key of the queue

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Whether `holder` has the lease; nobody else gets it before it ends.
local function held_by(holder)
  local got = redis.call('HMGET', FORECAST, 'holder', 'until_ms')
  return got[1] == holder and tonumber(got[2]) > clock()
end

local function hold(holder, lease_ms)
  redis.call('HSET', FORECAST, 'holder', holder, 'until_ms', clock() + lease_ms)
end

local PUBLISH = 'PUBLISH'  -- in a cluster scripts.py makes it SPUBLISH: heard where the slot is
