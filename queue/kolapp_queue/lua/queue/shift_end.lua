-- When a clinician on duty means to stop, as far as anybody knows: the waiting times go by it.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  that moment, ms; 0: not known
local clinician, leaves_ms = ARGV[1], ARGV[2]

if redis.call('ZSCORE', DUTY, clinician)
  and (redis.call('HGET', PROFILES, 'l' .. clinician) or '0') ~= leaves_ms then
  redis.call('HSET', PROFILES, 'l' .. clinician, leaves_ms)
  announce()
end
return reply()
