-- Ready for these queues until the lease ends, or off duty. Answers with the record as it was.
-- KEYS[1]  the clinician's record (_record.lua)
-- ARGV[1]  queues as ",a,b,"; empty: off duty
-- ARGV[2]  weight of each, as "1,2"
-- ARGV[3]  profile
-- ARGV[4]  duty lease, ms
-- ARGV[5]  how long the record stays after its last use, ms
local queues, lease_ms, retention_ms = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])

local before = record()
local until_ms = queues ~= '' and now + lease_ms or 0
local epoch = before.held and before.epoch or next_epoch(before)
redis.call('HSET', RECORD, 'queues', queues, 'weights', ARGV[2], 'profile', ARGV[3],
  'until_ms', until_ms, 'epoch', epoch)
keep({held = before.held, until_ms = until_ms}, retention_ms)
return reply(before)
