-- Take the writer's lease, or renew it; answers whether the caller has it.
-- KEYS[1]  the writer's record (_writer.lua)
-- ARGV[1]  holder
-- ARGV[2]  lease, ms
return cmsgpack.pack({held = take(ARGV[1], tonumber(ARGV[2]))})
