-- A place from the patient's signed copy, if this store lost the ticket. A ticket it knows is
-- answered with, also an ended one: records of ended tickets are kept longer than copies are valid,
-- so they are the tombstones. One it does not know was lost only if the version was once higher.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  ticket
-- ARGV[2]  patient
-- ARGV[3]  connection
-- ARGV[4]  number
-- ARGV[5]  order key
-- ARGV[6]  when it joined, ms
-- ARGV[7]  version of the copy
-- ARGV[8]  when the copy ends, ms
-- ARGV[9]  what it needs
-- ARGV[10]  needs of its class
-- ARGV[11]  time credit of its priority, ms
local id, patient, connection, number = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local order_key, joined_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
local version, expires_ms, needs = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

local ticket = read(TICKETS, id)
if not ticket then
  if now >= expires_ms then return refuse('copy_expired') end
  if not was_lost(version) then return refuse('no_such_ticket') end
  count_to('number', math.max(counters.number, number))
  -- Whoever drew a new number meanwhile has that one: one active ticket, not two.
  local active = get(PATIENTS, patient)
  ticket = active and read(TICKETS, active)
end
if ticket then
  if ticket.patient ~= patient then return refuse('no_such_ticket') end
  if not ticket.forget_ms and attach(ticket, connection) then return commit(ticket) end
  return reply(ticket)
end

local class = class_of(ARGV[10])
if not class then return refuse('too_many_classes') end
ticket = {
  id = id, patient = patient, number = number, state = 'waiting', present = true,
  order_key = order_key, joined_ms = joined_ms, epoch = 0, ring_until_ms = 0, missed = 0,
  reason = 'restored', connection = connection,
  needs = needs, class = class,
  credit_ms = tonumber(ARGV[11]),
}
local step = by_patient('restore', ticket)
step.rise = 'returned'
return commit(ticket, nil, step)
