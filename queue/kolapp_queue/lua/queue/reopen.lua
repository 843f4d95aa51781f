-- Take an early closing back, with its word.
-- KEYS     the queue's keys (_keys.lua)
if redis.call('HDEL', META, 'closed_until', 'closed_ms', 'closed_word', 'closed_by') > 0 then
  announce()
end
return reply()
