-- The earliest deadline of each kind, and the time to compare it with. Changes nothing.
-- KEYS     the queue's keys (_keys.lua)
local function earliest(set)
  return tonumber(redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2])
end

return cmsgpack.pack({
  now = now,
  rings = earliest(RINGS),
  grace = earliest(GRACE),
  duty = earliest(DUTY),
  ended = earliest(ENDED),
})
