-- The record as it stands. A free one gets a new epoch: whoever looks is told that nothing is under
-- way, so a pull that was sent before that and comes after it finds another record than it knew.
-- KEYS[1]  the clinician's record (_record.lua)
local found = record()
if not found.held and found.until_ms > now then
  found.epoch = next_epoch(found)
  redis.call('HSET', RECORD, 'epoch', found.epoch)
end
return reply(found)
