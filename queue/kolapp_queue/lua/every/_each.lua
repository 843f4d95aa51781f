-- Behind every script: does `verb` for each of the calls. What goes wrong in one of them is its own
-- answer only. Answers with one packed map each.

local width = (#ARGV - 1) / CALLS

local function answer(call)
  local args, skipped = {}, 1 + (call - 1) * width
  for at = 1, width do args[at] = ARGV[skipped + at] end
  for _, prepare in ipairs(before_each) do prepare(call) end
  local well, reply = pcall(verb, args)
  -- The store's own errors begin with a code.
  if not well then return {err = string.match(reply, '^%u+ ') and reply or 'ERR ' .. reply} end
  return type(reply) == 'table' and cmsgpack.pack(reply) or reply
end

local replies = {}
for call = 1, CALLS do replies[call] = answer(call) end
for _, finish in ipairs(at_the_end) do finish() end
return replies
