-- In front of every script: places, as the members of PRESENT and AWAY spell them.

-- The whole member sorts as its class, order key and number do: a class is one range of it, and
-- ties of the order key go by the number drawn.
local function place_of(ticket)
  return string.format('%s%015d%010d%s', ticket.class, ticket.order_key, ticket.number, ticket.id)
end

-- The first `count` places of a class: ':' follows '9'. One look is enough for all calls, where
-- they only take places away: `index` and any other command on the set void what was seen.
local function firsts(set, code, count)
  local window = windows[set] and windows[set][code]
  if not window then
    local most = count + CALLS
    local places = redis.call('ZRANGEBYLEX', set, '[' .. code, '(' .. code .. ':', 'LIMIT', 0, most)
    window = {places = places, whole = #places < most}
    windows[set] = windows[set] or {}
    windows[set][code] = window
  end
  local left, gone = {}, members[set] or {}
  for _, place in ipairs(window.places) do
    if gone[place] ~= false then table.insert(left, place) end
    if #left == count then return left end
  end
  if window.whole then return left end
  windows[set] = nil
  return firsts(set, code, count)
end

-- Whatever stands behind the class sorts as order key and number do.
local function order_of(place) return string.sub(place, 3) end
local function id_of(place) return string.sub(place, 28) end

-- The number of the node that a connection is at; nil for none, and for a name without one.
local function node_of(connection) return tonumber(string.match(connection, '^(%d+)%.')) end
