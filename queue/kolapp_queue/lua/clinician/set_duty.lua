-- Ready for these queues until the lease ends, or off duty. Answers with the record as it was.
-- KEYS[1]  the clinician's record (_record.lua)
-- ARGV[1]  queues as ",a,b,"; empty: off duty
-- ARGV[2]  duty lease, ms
-- ARGV[3]  how long the record stays after its last use, ms
local queues, lease_ms, retention_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local before = record()
local until_ms = queues ~= '' and now + lease_ms or 0
redis.call('HSET', RECORD, 'queues', queues, 'until_ms', until_ms)
keep({held = before.held, until_ms = until_ms}, retention_ms)
return reply(before)
