-- A ticket is forgotten; whoever has joined that queue anew since then stays.
-- KEYS[1]  the patient's record (_record.lua)
-- ARGV[1]  queue
-- ARGV[2]  ticket
local field = 'q:' .. ARGV[1]

if redis.call('HGET', RECORD, field) == ARGV[2] then redis.call('HDEL', RECORD, field) end
return cmsgpack.pack({})
