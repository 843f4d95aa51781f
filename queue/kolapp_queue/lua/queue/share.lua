-- A patient may wait in another queue too: a pull here locks the patient first. Kept until that
-- can no longer matter; it costs a round trip, no more. Answers with the visit, if there is one: it
-- was pulled without the lock that it is to have from now on.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
-- ARGV[2]  how long what ended stays readable, ms
local patient, retention_ms = ARGV[1], tonumber(ARGV[2])

redis.call('SADD', SHARED, patient)
redis.call('ZADD', ENDED, now + retention_ms, 's' .. patient)
local active = get(PATIENTS, patient)
local ticket = active and read(TICKETS, active)
local visit = ticket and visit_of(ticket)
if not visit or visit.state == 'ended' then return reply() end
if not visit.shared then
  visit.shared = true
  save_visit(visit)
end
return reply(nil, visit)
