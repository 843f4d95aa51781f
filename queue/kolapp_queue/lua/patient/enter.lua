-- The patient joins a queue; answers with the others they have joined lately.
-- KEYS[1]  the patient's record (_record.lua)
-- ARGV[1]  queue
-- ARGV[2]  ticket
-- ARGV[3]  how long the record stays after its last use, ms
local queue = ARGV[1]

local others = {}
for _, field in ipairs(redis.call('HKEYS', RECORD)) do
  local other = string.match(field, '^q:(.*)$')
  if other and other ~= queue then table.insert(others, other) end
end
redis.call('HSET', RECORD, 'q:' .. queue, ARGV[2])
keep(tonumber(ARGV[3]))
return {others = others}
