-- Take the writer's lease, or renew it; answers whether the caller has it.
-- KEYS[1]  the writer's record (_writer.lua)
-- ARGV[1]  holder
-- ARGV[2]  lease, ms
local holder, lease_ms = ARGV[1], tonumber(ARGV[2])

local until_ms = tonumber(redis.call('HGET', WRITER, 'until_ms') or 0)
local free = until_ms <= clock() or held_by(holder)
if free then redis.call('HSET', WRITER, 'holder', holder, 'until_ms', clock() + lease_ms) end
return cmsgpack.pack({held = free})
