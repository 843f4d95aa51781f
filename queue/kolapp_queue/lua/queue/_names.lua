-- In front of every script: single fields and members of what `_writes.lua` keeps.

local function read_name(waiting, key, name, command)
  local value = waiting[key] and waiting[key][name]
  if value == nil then value = known[key] and known[key][name] end
  if value == nil then
    value = server.call(command, key, name)
    known[key] = known[key] or {}
    known[key][name] = value
  end
  return value
end

local function write_name(waiting, key, name, value)
  waiting[key] = waiting[key] or {}
  waiting[key][name] = value or false
end

-- These are `false` if there is none.
local function get(hash, field) return read_name(fields, hash, field, 'HGET') end
local function score_of(set, member) return read_name(members, set, member, 'ZSCORE') end
local function is_shared(patient) return read_name(fields, SHARED, patient, 'SISMEMBER') == 1 end

-- Without a value or a score it is removed.
local function set(hash, field, value) write_name(fields, hash, field, value) end
local function index(set, member, score)
  if score then windows[set] = nil end
  write_name(members, set, member, score)
end
