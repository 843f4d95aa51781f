-- Who would be pulled by a clinician now. Only a hint, to choose among several queues; changes
-- nothing but what is kept of the profile.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  profile
-- ARGV[3]  tickets whose patients are busy elsewhere, with commas between
local place = earliest(fitting(ARGV[1], ARGV[2]), listed(ARGV[3]))
if not place then return reply() end
local order_key, number = string.sub(place, 3, 17), string.sub(place, 18, 27)
return cmsgpack.pack({now_ms = now, order = {tonumber(order_key), tonumber(number)}})
