-- Events up to this one are on the disk; answers whether the caller still had the lease.
-- KEYS[1]  the writer's record (_writer.lua)
-- ARGV[1]  holder
-- ARGV[2]  queue as "provider/queue"
-- ARGV[3]  id of the last entry
-- ARGV[4]  entries ever added up to it
local holder, queue, id, added = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local held = held_by(holder)
if held then redis.call('HSET', WRITER, 'at:' .. queue, id .. ' ' .. added) end
return cmsgpack.pack({held = held})
