-- What was said in a visit, still sealed, for its patient and its clinician until it ends.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who: the visit's patient or clinician
-- ARGV[3]  number of the last line that is known already
-- ARGV[4]  how many lines at most
local id, by, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local visit, ticket = visit_between(id, by)
if not visit then return refuse('no_such_visit') end
if visit.state == 'ended' then return refuse('wrong_state', visit.state) end

local lines = {}
for number = after + 1, math.min(visit.said or 0, after + most) do
  local line = cmsgpack.unpack(get(CHAT, line_of(visit, number)))
  lines[#lines + 1] = {number, line.by == ticket.patient, line.sealed}
end
return {lines = lines, said = visit.said or 0}
