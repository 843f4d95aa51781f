-- What became of a lock: the visit that was pulled with it, or none, and then none any more: a
-- pull still on its way with this lock epoch will be refused. The visit may be a colleague's now.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  clinician
-- ARGV[2]  epoch of the clinician's lock
-- ARGV[3]  id of the visit it was taken for
-- ARGV[4]  how long what ended stays readable, ms
local clinician, lock_epoch = ARGV[1], tonumber(ARGV[2])
local id, retention_ms = ARGV[3], tonumber(ARGV[4])

local visit = read(VISITS, id)
if not visit or visit.clinician ~= clinician then fence(clinician, lock_epoch, retention_ms) end
return reply(nil, visit)
