-- What was said in a visit, still sealed, for those who are in it until it ends; a guest hears
-- nothing that was said before they came.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who: the visit's patient, clinician or guest
-- ARGV[3]  number of the last line that is known already
-- ARGV[4]  how many lines at most
local id, by, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local visit, ticket, _, heard_from = visit_among(id, by)
if not visit then return refuse('no_such_visit') end
if visit.state == 'ended' then return refuse('wrong_state', visit.state) end

after = math.max(after, heard_from or 0)
local lines = {}
for number = after + 1, math.min(visit.said or 0, after + most) do
  local line = cmsgpack.unpack(get(CHAT, line_of(visit, number)))
  -- A line of a node that knew no guests names no role.
  local role = line.role or line.by == ticket.patient and 'patient' or 'clinician'
  lines[#lines + 1] = {number, role, line.sealed}
end
return {lines = lines, said = visit.said or 0}
