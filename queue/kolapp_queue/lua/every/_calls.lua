-- In front of every script: the calls that came together (batches.py). The script is done for each
-- of them, one after the other, in one moment of the store.
-- KEYS     those that all calls share, then one of each call's own, or none
-- ARGV[1]  how many calls; then the arguments of the first, of the second, and so on

local CALLS = tonumber(ARGV[1])

local function own_key(call) return KEYS[#KEYS - CALLS + call] end

-- The store's time, ms.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What preludes want done before each call, and behind the last one.
local before_each, at_the_end = {}, {}
