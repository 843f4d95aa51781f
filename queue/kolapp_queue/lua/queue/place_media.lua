-- Place a visit on a media node, if nobody has placed it anew since the caller looked.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  epoch of the visit
-- ARGV[3]  media node
-- ARGV[4]  media epoch the caller knows
local id, epoch, node, media_epoch = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local visit = read(VISITS, id)
if not visit then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.state == 'ended' then return refuse('wrong_state', visit.state) end
if visit.media_epoch ~= media_epoch then return reply(nil, visit) end

visit.media_node, visit.media_epoch = node, media_epoch + 1
return commit(nil, visit)
