-- A clinician serves this queue until the lease ends; coming is a change, and so is
-- another profile; renewing is not.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  profile
-- ARGV[3]  duty lease, ms
local clinician, profile, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])

local until_ms = redis.call('ZSCORE', DUTY, clinician)
local before = redis.call('HGET', PROFILES, 'p' .. clinician)
redis.call('ZADD', DUTY, now + lease_ms, clinician)
if not until_ms or tonumber(until_ms) <= now or before ~= profile then
  local version = announce()
  redis.call('HSET', PROFILES, 'p' .. clinician, profile, 'v' .. clinician, version)
  redis.call('HDEL', PROFILES, 'b' .. clinician)
  write_cause('clinician_came', version)
end
return reply()
