-- Second in front of every script: reading records, answering, telling.

-- nil for one that is not there and for one that cannot be read: see `set_aside`.
local function read(records, id)
  local packed = redis.call('HGET', records, id)
  local whole, record = pcall(cmsgpack.unpack, packed or '')
  return packed and whole and type(record) == 'table' and record.id == id and record or nil
end

local function visit_of(ticket)
  return ticket.visit and read(VISITS, ticket.visit)
end

local function reply(ticket, visit)
  return cmsgpack.pack({ticket = ticket, visit = visit})
end

local function refuse(why, state)
  return cmsgpack.pack({refused = why, state = state})
end

local PUBLISH = 'PUBLISH'  -- in a cluster scripts.py makes it SPUBLISH: heard where the slot is

-- Every change has a version, and a hint that says where to look, never what is there.
local function announce(ticket, visit)
  local version = redis.call('HINCRBY', META, 'version', 1)
  redis.call('HSET', META, 'clock', now)
  redis.call(PUBLISH, META, cmsgpack.pack({
    version = version,
    ticket = ticket and ticket.id,
    visit = visit and visit.id,
    clinician = visit and visit.clinician,
  }))
  return version
end
