-- Whoever is away here and would have been called by a clinician who serves several queues, and
-- found somebody in another one, or nobody at all.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  profile
-- ARGV[3]  order key: only who comes before it; '': whoever is away
-- ARGV[4]  how long what ended stays readable, ms
local before = ARGV[3] ~= '' and string.format('%015d', ARGV[3]) or nil

local codes = fitting(ARGV[1], ARGV[2])
tell_away(codes, before, tonumber(ARGV[4]))
return reply()
