-- The writer stops: another one may begin at once.
-- KEYS[1]  the writer's record (_writer.lua)
-- ARGV[1]  holder
return cmsgpack.pack({held = let_go(ARGV[1])})
