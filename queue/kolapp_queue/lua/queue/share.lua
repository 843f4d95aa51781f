-- A patient may wait in another queue too: a pull here locks the patient first. Kept until that
-- can no longer matter; it costs a round trip, no more.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
-- ARGV[2]  how long what ended stays readable, ms
local patient, retention_ms = ARGV[1], tonumber(ARGV[2])

redis.call('SADD', SHARED, patient)
redis.call('ZADD', ENDED, now + retention_ms, 's' .. patient)
return reply()
