-- Lock the patient for one visit; answers with the lock as it stands, which may be another's.
-- KEYS[1]  the patient's record (_record.lua)
-- ARGV[1]  queue of the visit
-- ARGV[2]  visit
-- ARGV[3]  clinician who pulls
-- ARGV[4]  epoch of the clinician's lock
-- ARGV[5]  how long the record stays after its last use, ms
local held = lock_held()
if not held then
  redis.call('HSET', RECORD, 'queue', ARGV[1], 'visit', ARGV[2], 'clinician', ARGV[3],
    'epoch', ARGV[4])
  keep(tonumber(ARGV[5]))
  held = lock_held()
end
return cmsgpack.pack(held)
