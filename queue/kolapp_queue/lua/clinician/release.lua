-- The visit has ended: the clinician is free. The key stays known, so its repeat gets this visit.
-- KEYS[1]  the clinician's record (_record.lua)
-- ARGV[1]  visit; a record that holds another one is left alone
-- ARGV[2]  wrap-up that begins now, ms
-- ARGV[3]  how long the record stays after its last use, ms
local visit, wrap_up_ms, retention_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local found = record()
if found.held and found.visit == visit then
  found.held, found.wrap_until_ms = false, now + wrap_up_ms
  redis.call('HSET', RECORD, 'held', 0, 'wrap_until_ms', found.wrap_until_ms)
  keep(found, retention_ms)
end
return reply(found)
