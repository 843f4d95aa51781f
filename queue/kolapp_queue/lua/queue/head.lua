-- Who would be pulled by a clinician now, and who away would have been, had they been there and
-- were it not told already. Only a hint, to choose among several queues; changes nothing but what
-- is kept of the profile.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  profile
-- ARGV[3]  tickets whose patients are busy elsewhere, with commas between
local codes, first = fitting(ARGV[1], ARGV[2]), nil
for _, ticket in ipairs(untold(codes)) do
  first = math.min(first or ticket.order_key, ticket.order_key)
end

local place, order = earliest(codes, listed(ARGV[3])), nil
if place then order = {tonumber(string.sub(place, 3, 17)), tonumber(string.sub(place, 18, 27))} end
return cmsgpack.pack({now_ms = now, order = order, away = first})
