-- Whoever had a connection to a node that is gone is away; a newer one, to another node, stays.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  number of the node
-- ARGV[2]  how many to do at most
-- ARGV[3]  how long an away ticket keeps its place, ms
-- ARGV[4]  how long what ended stays readable, ms
local node, most = ARGV[1], tonumber(ARGV[2])
local grace_ms, retention_ms = tonumber(ARGV[3]), tonumber(ARGV[4])

local there = redis.call('ZRANGEBYSCORE', LINKED, node, node, 'LIMIT', 0, most)
for _, id in ipairs(there) do
  local ticket = read(TICKETS, id)
  if ticket then
    local step = by_clock('go_away')
    step.reason = 'node_gone'
    detach(ticket, grace_ms, step)
  else
    set_aside(id, retention_ms)
  end
end
return cmsgpack.pack({done = #there})
