-- In front of every script of this folder: the record of one patient of a provider, who may wait
-- in several queues but is called in one at a time.

local RECORD  -- hash: 'q:' queue -> ticket, and the lock: queue, visit, clinician, epoch

local function lock_held()
  local got = redis.call('HMGET', RECORD, 'queue', 'visit', 'clinician', 'epoch')
  if not got[2] then return nil end
  return {queue = got[1], visit = got[2], clinician = got[3], epoch = tonumber(got[4])}
end

table.insert(before_each, function(call) RECORD = own_key(call) end)

local ACTIVE_MS = 86400000  -- nobody waits or is seen longer than that

-- Every use keeps it for as long as it may matter; `exit` does not wait for that.
local function keep(retention_ms)
  redis.call('PEXPIRE', RECORD, math.max(retention_ms, ACTIVE_MS))
end
