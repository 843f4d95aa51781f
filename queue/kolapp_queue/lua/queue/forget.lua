-- What ended long enough ago leaves no trace; nobody is told, nothing they see changes.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
local most = tonumber(ARGV[1])

-- The patient of a ticket whose record cannot be read, if it was never replaced by another one.
local function whose(id)
  for _, patient in ipairs(redis.call('HKEYS', PATIENTS)) do
    if redis.call('HGET', PATIENTS, patient) == id then return patient end
  end
  return ''
end

-- The tickets that are gone, each with its patient: their records are in other slots.
local forgotten = {}

for _, member in ipairs(redis.call('ZRANGEBYSCORE', ENDED, 0, now, 'LIMIT', 0, most)) do
  local kind, id = string.sub(member, 1, 1), string.sub(member, 2)
  if kind == 't' then
    local ticket = read(TICKETS, id)
    local patient = ticket and ticket.patient or whose(id)
    if redis.call('HGET', PATIENTS, patient) == id then redis.call('HDEL', PATIENTS, patient) end
    if redis.call('HEXISTS', PATIENTS, patient) == 0 then redis.call('SREM', SHARED, patient) end
    if patient ~= '' then table.insert(forgotten, {patient, id}) end
    redis.call('HDEL', TICKETS, id)
    redis.call('HDEL', INTAKE, id)
  end
  if kind == 'v' then redis.call('HDEL', VISITS, id) end
  if kind == 'c' then redis.call('ZREM', FENCES, id) end
  if kind == 's' and redis.call('HEXISTS', PATIENTS, id) == 0 then
    redis.call('SREM', SHARED, id)
  end
  redis.call('ZREM', ENDED, member)
end
return cmsgpack.pack({forgotten = forgotten})
