-- In front of every script of this folder: which signalling nodes are there.

local LEASES = KEYS[1]  -- sorted set: number of a node by the end of its lease, ms; negative: the
                        -- lease ended, and the node is given up at that moment

local now = clock()

-- When the node was given up; nil if it was not. One that is unknown was, or the store lost it.
local function given_up(node)
  local score = tonumber(redis.call('ZSCORE', LEASES, node) or -1)
  return score < 0 and -score <= now and -score or nil
end
