-- A clinician serves this queue until the lease ends; coming is a change, renewing is not.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  duty lease, ms
local clinician, lease_ms = ARGV[1], tonumber(ARGV[2])

local until_ms = redis.call('ZSCORE', DUTY, clinician)
redis.call('ZADD', DUTY, now + lease_ms, clinician)
if not until_ms or tonumber(until_ms) <= now then announce() end
return reply()
