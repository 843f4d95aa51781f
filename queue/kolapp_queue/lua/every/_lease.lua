-- In front of scripts for what one process at a time does: who has the lease.

local LEASED = KEYS[1]  -- hash: holder, until_ms, and what the folder's own prelude says

-- Whether `holder` has the lease; nobody else gets it before it ends.
local function held_by(holder)
  local got = redis.call('HMGET', LEASED, 'holder', 'until_ms')
  return got[1] == holder and tonumber(got[2]) > clock()
end

local function hold(holder, lease_ms)
  redis.call('HSET', LEASED, 'holder', holder, 'until_ms', clock() + lease_ms)
end

-- Take the lease if it is free, or renew it; whether `holder` has it now.
local function take(holder, lease_ms)
  local until_ms = tonumber(redis.call('HGET', LEASED, 'until_ms') or 0)
  local free = until_ms <= clock() or held_by(holder)
  if free then hold(holder, lease_ms) end
  return free
end

-- Another one may begin at once; whether `holder` had the lease.
local function let_go(holder)
  local held = held_by(holder)
  if held then redis.call('HSET', LEASED, 'until_ms', 0) end
  return held
end
