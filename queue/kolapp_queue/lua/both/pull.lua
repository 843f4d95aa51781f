-- Lock the clinician's record and pull, where one server has both, if the record is as the caller
-- knows it: whoever has looked at it meanwhile was told that nothing was under way.
-- KEYS     the queue's keys (queue/_keys.lua), then the clinician's record (clinician/_record.lua)
-- ARGV[1]  clinician
-- ARGV[2]  key of the pull
-- ARGV[3]  queue to pull from
-- ARGV[4]  id the visit will have
-- ARGV[5]  epoch of the record as the caller knows it
-- ARGV[6]  how long the record stays after its last use, ms
-- ARGV[7]  how long the call rings, ms
-- ARGV[8]  how long it can be undone, ms
-- ARGV[9]  lease of the clinician on the visit, ms
-- ARGV[10]  how long what ended stays readable, ms
-- ARGV[11]  ways of the visit
-- ARGV[12]  guests that the visit may have
local key, record_ms = ARGV[2], ARGV[6]

local record = clinician.lock({key, ARGV[3], ARGV[4], record_ms, ARGV[5]})
if record.refused then return record end
-- What this key got in another queue, where this clinician served then, is for the caller to ask.
local here = record.held and record.key == key and record.queue == ARGV[3]
if not here then return {record = record} end

local pulled = queue.pull({
  ARGV[1], record.epoch, record.visit, record.profile, '', '', '', '',
  ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12],
})
if type(pulled) == 'string' then
  local lock = cmsgpack.pack({
    key = key, held = true, queue = record.queue, queues = record.queues, epoch = record.epoch,
  })
  return '\130\166record' .. lock .. '\166pulled' .. pulled
end
-- Nobody is there.
if not next(pulled) then clinician.unlock({record.visit, record_ms}) end
return {record = record, pulled = pulled}
