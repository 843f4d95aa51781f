-- In front of every script: hashes and sorted sets whose writes wait until the last call is done,
-- so that many are one command, and whose members are read once. Nobody can tell: any other command
-- on such a key has what waits done first, and what was read forgotten.

local server = redis
local fields, members = {}, {}  -- what waits, by key: value by field, score by member; false: none
local known, windows = {}, {}   -- what was read, by key: of a name; the first places of a class

local function write(command, key, words)
  for first = 1, #words, 1000 do
    server.call(command, key, unpack(words, first, math.min(first + 999, #words)))
  end
end

local function settle(key)
  known[key], windows[key] = nil, nil
  if not fields[key] and not members[key] then return end
  local set, unset, add, remove = {}, {}, {}, {}
  for field, value in pairs(fields[key] or {}) do
    if value then set[#set + 1], set[#set + 2] = field, value else unset[#unset + 1] = field end
  end
  for member, score in pairs(members[key] or {}) do
    if score then add[#add + 1], add[#add + 2] = score, member else remove[#remove + 1] = member end
  end
  fields[key], members[key] = nil, nil
  write('HSET', key, set)
  write('HDEL', key, unset)
  write('ZADD', key, add)
  write('ZREM', key, remove)
end

local redis = {call = function(command, key, ...)
  settle(key)
  return server.call(command, key, ...)
end}

table.insert(at_the_end, function()
  for key in pairs(fields) do settle(key) end
  for key in pairs(members) do settle(key) end
end)
