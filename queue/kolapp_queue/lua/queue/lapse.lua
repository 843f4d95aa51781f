-- Clinicians who gave no sign until the end of their lease are off duty.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
local most = tonumber(ARGV[1])

local lapsed = redis.call('ZRANGEBYSCORE', DUTY, 0, now, 'LIMIT', 0, most)
if #lapsed > 0 then
  redis.call('ZREM', DUTY, unpack(lapsed))
  for _, clinician in ipairs(lapsed) do
    redis.call('HDEL', PROFILES, 'p' .. clinician, 'f' .. clinician, 'v' .. clinician,
      'l' .. clinician)
  end
  write_cause('clinician_left', announce())
end
return reply()
