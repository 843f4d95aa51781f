-- Eleventh in front of every script: what a store that lost writes can still know.

-- Whether a change that had this version is lost: the store's version is lower. From then on every
-- unknown version up to it counts as lost, and no new change gets one of them.
local function was_lost(version)
  local got = redis.call('HMGET', META, 'version', 'lost_to')
  if version > tonumber(got[1] or 0) then
    redis.call('HSET', META, 'version', version, 'lost_to', version)
    return true
  end
  return version <= tonumber(got[2] or 0)
end
