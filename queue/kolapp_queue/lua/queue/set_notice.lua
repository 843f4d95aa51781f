-- The staff's word to everybody who waits here; an empty one takes it back.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  the word
-- ARGV[2]  operator who says it
-- ARGV[3]  the operator's care unit
local text, operator, unit = ARGV[1], ARGV[2], ARGV[3]

if text == (redis.call('HGET', META, 'notice') or '') then return reply() end
if text == '' then
  redis.call('HDEL', META, 'notice', 'notice_ms', 'notice_by')
else
  redis.call('HSET', META, 'notice', text, 'notice_ms', now, 'notice_by', operator)
end
write_order('set_notice', operator, unit, text)
return reply()
