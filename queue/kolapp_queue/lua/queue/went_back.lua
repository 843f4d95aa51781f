-- A node has seen a higher version than the store has: writes up to it were lost.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  the highest version seen
local seen = tonumber(ARGV[1])

if seen > counters.version then
  was_lost(seen)
  announce()
end
return reply()
