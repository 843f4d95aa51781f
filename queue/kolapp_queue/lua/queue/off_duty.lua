-- A clinician no longer serves this queue.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
local clinician = ARGV[1]

if redis.call('ZREM', DUTY, clinician) == 1 then
  redis.call('HDEL', PROFILES, 'p' .. clinician, 'f' .. clinician, 'v' .. clinician,
    'l' .. clinician)
  write_cause('clinician_left', announce())
end
return reply()
