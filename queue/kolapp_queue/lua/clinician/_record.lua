-- In front of every script of this folder: the record of one clinician.

local RECORD  -- hash: queues, weights, profile, until_ms, wrap_until_ms, and the lock

local now = clock()

table.insert(before_each, function(call) RECORD = own_key(call) end)

-- queues    the queues served, as ",a,b,"; weights: of each, as "1,2"; profile: as JSON
-- until_ms  the end of the duty lease; wrap_until_ms: of the wrap-up after a visit
-- epoch     of the newest lock; the store's time, so a record made anew is never behind a fence
-- key, queue, visit  of the newest lock: who asked, where, and the id that its visit gets
-- held      1 until that visit has ended or turned out not to be
local function record()
  local got = redis.call('HMGET', RECORD, 'queues', 'until_ms', 'epoch', 'key', 'queue', 'visit',
    'held', 'weights', 'profile', 'wrap_until_ms')
  return {
    queues = got[1] or '',
    until_ms = tonumber(got[2] or 0),
    epoch = tonumber(got[3] or 0),
    key = got[4] or '',
    queue = got[5] or '',
    visit = got[6] or '',
    held = got[7] == '1',
    weights = got[8] or '',
    profile = got[9] or '',
    wrap_until_ms = tonumber(got[10] or 0),
  }
end

local function next_epoch(found) return math.max(found.epoch + 1, now) end

local function reply(found)
  found.on_duty = found.queues ~= '' and found.until_ms > now
  if found.wrap_until_ms <= now then found.wrap_until_ms = 0 end
  return found
end

-- A record that holds a visit stays; any other goes a while after its last use.
local function keep(found, retention_ms)
  if found.held then
    redis.call('PERSIST', RECORD)
  else
    redis.call('PEXPIREAT', RECORD, math.max(found.until_ms, now) + retention_ms)
  end
end
