-- Events older than their readers may be behind are gone.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  how long events are kept, ms
local kept_ms = tonumber(ARGV[1])

redis.call('XTRIM', EVENTS, 'MINID', string.format('%.0f', now - kept_ms))
return reply()
