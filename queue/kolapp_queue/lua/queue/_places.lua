-- In front of every script: places, as the members of PRESENT and AWAY spell them.

-- The whole member sorts as its class, order key and number do: a class is one range of it, and
-- ties of the order key go by the number drawn.
local function place_of(ticket)
  return string.format('%s%015d%010d%s', ticket.class, ticket.order_key, ticket.number, ticket.id)
end

local function index(set, member, score)
  if score then redis.call('ZADD', set, score, member) else redis.call('ZREM', set, member) end
end

-- The first `count` places of a class: ':' follows '9'.
local function firsts(set, code, count)
  return redis.call('ZRANGEBYLEX', set, '[' .. code, '(' .. code .. ':', 'LIMIT', 0, count)
end

-- Whatever stands behind the class sorts as order key and number do.
local function order_of(place) return string.sub(place, 3) end
local function id_of(place) return string.sub(place, 28) end

-- The number of the node that a connection is at; nil for none, and for a name without one.
local function node_of(connection) return tonumber(string.match(connection, '^(%d+)%.')) end
