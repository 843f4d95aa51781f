-- In front of every script: a visit, and who is in it.

local function is_open(visit) return visit.state == 'live' or visit.state == 'held' end

-- The visit with its ticket, or nil.
local function whole_visit(id)
  local visit = read(VISITS, id)
  local ticket = visit and read(TICKETS, visit.ticket)
  if ticket then return visit, ticket end
end

-- Whoever of a visit's guests this is; nil for anybody else. A guest's id is of one person only,
-- and so a fence: who comes to the same seat later has another one.
local function guest_of(visit, id)
  for _, guest in ipairs(visit.guests or {}) do
    if guest.id == id then return guest end
  end
end

-- With its ticket, for those whose visit it is, and as what each of them is in it; for a guest also
-- the number of the last line that was said before they came. nil for anybody else.
local function visit_among(id, by)
  local visit, ticket = whole_visit(id)
  if not visit then return end
  if by == visit.clinician then return visit, ticket, 'clinician' end
  if by == ticket.patient then return visit, ticket, 'patient' end
  local guest = guest_of(visit, by)
  if guest and guest.state == 'in' then return visit, ticket, guest.seat, guest.heard_from end
end

-- With its ticket, for those who say who its guests are: its clinician, or somebody of the
-- provider. nil for anybody else.
local function visit_hosted(id, by, role)
  local visit, ticket = whole_visit(id)
  if visit and (role ~= 'clinician' or by == visit.clinician) then return visit, ticket end
end
