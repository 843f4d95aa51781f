-- The patient joins a queue; answers with the others they have joined lately.
-- KEYS[1]  the patient's record (_record.lua)
-- ARGV[1]  queue
-- ARGV[2]  how long the record stays after its last use, ms
local queue = ARGV[1]

local others = {}
for _, field in ipairs(redis.call('HKEYS', RECORD)) do
  local other = string.match(field, '^q:(.*)$')
  if other and other ~= queue then table.insert(others, other) end
end
redis.call('HSET', RECORD, 'q:' .. queue, 1)
keep(tonumber(ARGV[2]))
return cmsgpack.pack({others = others})
