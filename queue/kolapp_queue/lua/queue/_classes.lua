-- In front of every script: eligibility classes, and which of them fit a clinician.
-- Needs and profiles are JSON (eligibility.py spells them), '' is the empty one.

local MOST_CLASSES = 64

-- The class of these needs, made if need be; nil if there are too many already.
local function class_of(needs)
  local known = get(CLASSES, 'n' .. needs)
  if known then return known end
  for number = 0, MOST_CLASSES - 1 do
    local code = string.format('%02d', number)
    if not get(CLASSES, 'c' .. code) then
      set(CLASSES, 'n' .. needs, code)
      set(CLASSES, 'c' .. code, needs)
      count_up('classes')
      return code
    end
  end
end

-- One active ticket more or less; a class without any makes room for another.
local function count_class(code, by)
  local active = (get(CLASSES, 'u' .. code) or 0) + by
  set(CLASSES, 'u' .. code, active)
  if active > 0 then return end
  for _, field in ipairs({'u' .. code, 'n' .. get(CLASSES, 'c' .. code), 'c' .. code}) do
    set(CLASSES, field)
  end
  count_up('classes')
end

local function fits(needs, profile, clinician)
  local function has(names, name)
    for _, one in ipairs(profile[names] or {}) do if one == name then return true end end
    return false
  end
  if needs.clinician and needs.clinician ~= clinician then return false end
  if needs.profession and not has('professions', needs.profession) then return false end
  if needs.language and not has('languages', needs.language) then return false end
  for _, skill in ipairs(needs.skills or {}) do
    if not has('skills', skill) then return false end
  end
  local asked, can = needs.ages, profile.ages
  return not asked or not can or (can[1] <= asked[1] and asked[2] <= can[2])
end

local function spelled(text) return text == '' and {} or cjson.decode(text) end
