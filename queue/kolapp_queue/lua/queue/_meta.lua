-- In front of every script: the queue's counters and its clock. Read once for all calls that are
-- done together, and written back behind the last one: nobody looks in between.

local COUNTERS = {
  'version', 'clock', 'number', 'epoch', 'classes', 'lost_to', 'closed_until', 'visits_done',
  'visit_ms_mean',
}

local counters, changed, hints = {}, {}, {}
for at, value in ipairs(redis.call('HMGET', META, unpack(COUNTERS))) do
  counters[COUNTERS[at]] = tonumber(value or 0)
end

local function count_to(name, value)
  counters[name], changed[name] = value, true
  return value
end

local function count_up(name) return count_to(name, counters[name] + 1) end

-- Never less than any time this queue has written down.
local now = math.max(clock(), counters.clock)

local PUBLISH = 'PUBLISH'  -- in a cluster scripts.py makes it SPUBLISH: heard where the slot is

-- A hint goes out when all it may lead to can be read, and its version is kept.
table.insert(at_the_end, function()
  local fields = {}
  for name in pairs(changed) do
    table.insert(fields, name)
    table.insert(fields, counters[name])
  end
  if #fields > 0 then redis.call('HSET', META, unpack(fields)) end
  for _, hint in ipairs(hints) do redis.call(PUBLISH, META, hint) end
end)
