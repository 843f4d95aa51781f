-- The writer stops: another one may begin at once.
-- KEYS[1]  the writer's record (_writer.lua)
-- ARGV[1]  holder
local holder = ARGV[1]

if held_by(holder) then redis.call('HSET', WRITER, 'until_ms', 0) end
return cmsgpack.pack({held = false})
