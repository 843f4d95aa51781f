-- A line said in a live visit, sealed by the caller. It is kept until the visit ends.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who: the visit's patient, clinician or guest
-- ARGV[3]  epoch of the visit
-- ARGV[4]  key of the step: said again with the key of one's newest line, it is that line
-- ARGV[5]  sealed text
-- ARGV[6]  how many lines a visit may have
local id, by, epoch, key = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local sealed, most = ARGV[5], tonumber(ARGV[6])

local visit, ticket, role = visit_among(id, by)
if not visit then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if not is_open(visit) then return refuse('wrong_state', visit.state) end

local said = visit.said or 0
for number = said, 1, -1 do
  local line = cmsgpack.unpack(get(CHAT, line_of(visit, number)))
  if line.by == by then
    if line.key == key then return {visit = visit, number = number} end
    break
  end
end
if said >= most then return refuse('chat_full') end

visit.said = said + 1
local line = {by = by, role = role, key = key, sealed = sealed}
set(CHAT, line_of(visit, visit.said), cmsgpack.pack(line))
commit(ticket, visit)
return {visit = visit, number = visit.said}
