-- In front of every script: who may be in a visit beside the two, and for how long.

-- Whether the seat of this guest is theirs: they are in, or may still come.
local function is_seated(guest)
  return guest.state == 'in' or guest.state == 'invited' and guest.until_ms > now
end

-- The guest of this visit who has that seat, or had it last.
local function guest_at(visit, seat)
  for _, guest in ipairs(visit.guests or {}) do
    if guest.seat == seat then return guest end
  end
end

local function free_seat(visit)
  for number = 1, visit.most_guests or 2 do
    local guest = guest_at(visit, 'guest' .. number)
    if not guest or not is_seated(guest) then return 'guest' .. number end
  end
end

-- In place of who had that seat before. Guests of a visit are numbered, and no number comes twice.
local function seat(visit, guest)
  visit.guests, visit.invited = visit.guests or {}, (visit.invited or 0) + 1
  guest.number = visit.invited
  for at, other in ipairs(visit.guests) do
    if other.seat == guest.seat then
      visit.guests[at] = guest
      return
    end
  end
  table.insert(visit.guests, guest)
end

-- Of a guest, done by `role`: the one invited, the clinician, or the provider's backend.
local function of_guest(name, visit, guest, role, actor)
  local unit = role == 'clinician' and visit.unit or nil
  return {name = name, role = role, actor = actor, unit = unit, guest = guest.seat,
    reason = guest.kind}
end
