-- In front of every script of this folder: who writes the audit files.

local WRITER = KEYS[1]  -- hash: holder, until_ms, and "at:provider/queue" -> "id added"

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Whether `holder` has the lease; nobody else gets it before it ends.
local function held_by(holder)
  local got = redis.call('HMGET', WRITER, 'holder', 'until_ms')
  return got[1] == holder and tonumber(got[2]) > clock()
end
