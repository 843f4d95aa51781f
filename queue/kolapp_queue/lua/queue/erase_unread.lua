-- Remove records that nobody can read and that are one patient's, as the caller has seen: it is
-- their active ticket, or their pseudonym is in it.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  patient
-- ARGV[2]  tickets, with commas between
-- ARGV[3]  visits, with commas between
local patient = ARGV[1]

for id in string.gmatch(ARGV[2], '[^,]+') do
  if not read(TICKETS, id) then
    if not redis.call('ZSCORE', ENDED, 't' .. id) then set_aside(id, 0) end
    redis.call('HDEL', TICKETS, id)
    redis.call('HDEL', INTAKE, id)
    if redis.call('HGET', PATIENTS, patient) == id then redis.call('HDEL', PATIENTS, patient) end
  end
end
for id in string.gmatch(ARGV[3], '[^,]+') do
  if not read(VISITS, id) then
    redis.call('HDEL', VISITS, id)
    for _, set in ipairs({LIVE, HOLDERS}) do index(set, id) end
  end
end
redis.call('SREM', SHARED, patient)
redis.call('ZREM', ENDED, 's' .. patient)
return reply()
