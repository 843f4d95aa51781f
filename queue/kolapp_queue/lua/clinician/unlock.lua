-- Nothing was pulled with this lock, or the visit is forgotten: the lock and its key are void.
-- KEYS[1]  the clinician's record (_record.lua)
-- ARGV[1]  visit; a record locked for another one is left alone
-- ARGV[2]  how long the record stays after its last use, ms
local visit, retention_ms = ARGV[1], tonumber(ARGV[2])

local found = record()
if found.visit == visit then
  found.key, found.queue, found.visit, found.held = '', '', '', false
  redis.call('HDEL', RECORD, 'key', 'queue', 'visit', 'held')
  keep(found, retention_ms)
end
return reply(found)
