-- Lock the record for a pull in one queue, if it is free; answers with the lock as it stands, which
-- may be an older one. A key that was used gets its old lock again: a repeat must not pull twice.
-- KEYS[1]  the clinician's record (_record.lua)
-- ARGV[1]  key of the pull
-- ARGV[2]  queue to pull from; '': the only one served, and if there are more, nothing is locked
-- ARGV[3]  id the visit will have
-- ARGV[4]  how long the record stays after its last use, ms
-- ARGV[5]  epoch it must still have, and the queue still be served; '': any
local key, queue, visit, retention_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local found = record()
if found.held or found.key == key then return reply(found) end
if found.queues == '' or found.until_ms <= now then return {refused = 'not_on_duty'} end
local serves = string.find(found.queues, ',' .. queue .. ',', 1, true)
local as_known = found.epoch == tonumber(ARGV[5]) and serves
if ARGV[5] ~= '' and not as_known then return reply(found) end
if queue ~= '' and not serves then return {refused = 'not_on_duty'} end
if queue == '' then queue = string.match(found.queues, '^,([^,]+),$') end
if not queue then return reply(found) end

-- A pull ends the wrap-up.
found.epoch, found.wrap_until_ms = next_epoch(found), 0
found.key, found.queue, found.visit, found.held = key, queue, visit, true
redis.call('HSET', RECORD, 'epoch', found.epoch, 'key', key, 'queue', queue, 'visit', visit,
  'held', 1, 'wrap_until_ms', 0)
keep(found, retention_ms)
return reply(found)
