-- Ready before the wrap-up is over.
-- KEYS[1]  the clinician's record (_record.lua)
local found = record()
if found.wrap_until_ms > 0 then redis.call('HSET', RECORD, 'wrap_until_ms', 0) end
found.wrap_until_ms = 0
return reply(found)
