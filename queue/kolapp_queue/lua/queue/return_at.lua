-- When a clinician off duty means to come back, as far as anybody knows: the waiting times go by
-- it. What others said, and did not do, is forgotten.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  that moment, ms; 0: not known
-- ARGV[3]  profile
local clinician, back_ms, profile = ARGV[1], ARGV[2], ARGV[3]
local mine = 'b' .. clinician

local until_ms = redis.call('ZSCORE', DUTY, clinician)
if not until_ms or tonumber(until_ms) <= now then
  local before = redis.call('HGET', PROFILES, mine)
  redis.call('HSET', PROFILES, mine, back_ms .. ' ' .. profile)
  local fields = redis.call('HGETALL', PROFILES)
  for at = 1, #fields, 2 do
    local said_ms = fields[at]:sub(1, 1) == 'b' and tonumber(fields[at + 1]:match('^%d+'))
    if said_ms and said_ms <= now then redis.call('HDEL', PROFILES, fields[at]) end
  end
  if redis.call('HGET', PROFILES, mine) ~= before then announce() end
end
return reply()
