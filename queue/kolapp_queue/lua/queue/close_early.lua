-- No number is drawn here until a time, whatever the opening hours say; who waits is still served.
-- Said again it may end at another time or with another word, but it began when it began.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  until when, ms
-- ARGV[2]  a word to everybody who waits, may be empty
-- ARGV[3]  operator who closes it
-- ARGV[4]  the operator's care unit
local until_ms, text, operator, unit = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

if until_ms <= now then return reply() end
local before = tonumber(redis.call('HGET', META, 'closed_until') or 0)
local word = redis.call('HGET', META, 'closed_word')
if before == until_ms and word == text then return reply() end

if before <= now then redis.call('HSET', META, 'closed_ms', now) end
redis.call('HSET', META, 'closed_until', ARGV[1], 'closed_word', text, 'closed_by', operator)
write_order('close_early', operator, unit, text, until_ms)
return reply()
