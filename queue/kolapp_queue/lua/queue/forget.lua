-- What ended long enough ago leaves no trace; nobody is told, nothing they see changes.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how many to do at most
-- ARGV[2]  how long what ended stays readable, ms
local most, retention_ms = tonumber(ARGV[1]), tonumber(ARGV[2])

-- The patient of a ticket whose record cannot be read, if it was never replaced by another one.
local function whose(id)
  for _, patient in ipairs(redis.call('HKEYS', PATIENTS)) do
    if redis.call('HGET', PATIENTS, patient) == id then return patient end
  end
  return ''
end

-- A fence goes with its last use. An epoch is the time of its lock, or a little more.
local function forget_fence(clinician)
  local until_ms = tonumber(redis.call('ZSCORE', FENCES, clinician) or 0) + retention_ms
  if until_ms <= now then
    redis.call('ZREM', FENCES, clinician)
    redis.call('ZREM', ENDED, 'c' .. clinician)
  else
    redis.call('ZADD', ENDED, until_ms, 'c' .. clinician)
  end
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
  if kind == 's' and redis.call('HEXISTS', PATIENTS, id) == 0 then
    redis.call('SREM', SHARED, id)
  end
  if kind == 'c' then forget_fence(id) else redis.call('ZREM', ENDED, member) end
end
return cmsgpack.pack({forgotten = forgotten})
