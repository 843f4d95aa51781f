-- In front of every script: reading records, answering, telling.

-- nil for one that is not there and for one that cannot be read: see `set_aside`.
local function read(records, id)
  local packed = get(records, id)
  if not packed then return nil end
  local whole, record = pcall(cmsgpack.unpack, packed)
  if not whole or type(record) ~= 'table' or record.id ~= id then return nil end
  local of = records == TICKETS and indexes_of_ticket or indexes_of_visit
  indexed[record] = of(record)
  return record
end

local function visit_of(ticket)
  return ticket.visit and read(VISITS, ticket.visit)
end

local function reply(ticket, visit) return {ticket = ticket, visit = visit} end

-- The same reply, of records that are packed already: a map of one or two with short names.
local function packed_reply(ticket, visit)
  if not visit then return '\129\166ticket' .. ticket end
  if not ticket then return '\129\165visit' .. visit end
  return '\130\166ticket' .. ticket .. '\165visit' .. visit
end

local function refuse(why, state) return {refused = why, state = state} end

-- Every change has a version, and a hint that says where to look, never what is there.
local function announce(ticket, visit)
  count_to('clock', now)
  local version = count_up('version')
  table.insert(hints, cmsgpack.pack({
    version = version,
    ticket = ticket and ticket.id,
    visit = visit and visit.id,
    clinician = visit and visit.clinician,
  }))
  return version
end
