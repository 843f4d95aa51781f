-- In front of every script: what a store that lost writes can still know.

-- Whether a change that had this version is lost: the store's version is lower. From then on every
-- unknown version up to it counts as lost, and no new change gets one of them.
local function was_lost(version)
  if version > counters.version then
    count_to('lost_to', count_to('version', version))
    return true
  end
  return version <= counters.lost_to
end
