-- In front of every script: what becomes of a ticket that pulls and sweeps stumble over.

-- Somebody has to look into it: the event says what it is, the count raises the alarm.
local function alarm(ticket)
  redis.call('HINCRBY', META, 'asides', 1)
  write_event(by_clock('set_aside'), announce(), ticket)
end

-- A ticket whose record cannot be read: nobody waits behind it, and no sweep stumbles over it
-- again. The record stays as it is for a while, for those who look into it.
local function set_aside(id, retention_ms, place)
  for _, set in ipairs({PRESENT, AWAY}) do
    -- The place follows from the record; without it, it has to be looked for.
    for _, found in ipairs(place and {place} or redis.call('ZRANGE', set, 0, -1)) do
      if id_of(found) == id then
        index(set, found)
        place = found
      end
    end
  end
  for _, set in ipairs({GRACE, RINGS, MOVING, LINKED}) do index(set, id) end
  redis.call('ZADD', ENDED, now + retention_ms, 't' .. id)
  alarm({
    id = id, patient = '', number = place and tonumber(string.sub(place, 18, 27)) or 0,
    class = place and string.sub(place, 1, 2) or '', state = 'waiting', reason = 'unreadable',
    joined_ms = now, epoch = 0,
  })
end

-- The first present one of these classes, but for those in `skipped`; nil if there is none.
local function earliest_ticket(codes, retention_ms, skipped, skips)
  while true do
    local place = earliest(codes, skipped, skips)
    local ticket = place and read(TICKETS, id_of(place))
    if ticket or not place then return ticket end
    set_aside(id_of(place), retention_ms, place)
  end
end
