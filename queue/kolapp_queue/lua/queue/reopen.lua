-- Take an early closing back, with its word.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  operator who reopens it
-- ARGV[2]  the operator's care unit
local operator, unit = ARGV[1], ARGV[2]

if redis.call('HDEL', META, 'closed_until', 'closed_ms', 'closed_word', 'closed_by') > 0 then
  write_order('reopen', operator, unit, '')
end
return reply()
