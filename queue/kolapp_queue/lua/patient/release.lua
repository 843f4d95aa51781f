-- The visit has ended, or was not to be: the patient may be called elsewhere.
-- KEYS[1]  the patient's record (_record.lua)
-- ARGV[1]  visit; a record locked for another one is left alone
-- ARGV[2]  how long the record stays after its last use, ms
local held = lock_held()
if held and held.visit == ARGV[1] then
  redis.call('HDEL', RECORD, 'queue', 'visit', 'clinician', 'epoch')
  keep(tonumber(ARGV[2]))
end
return cmsgpack.pack({})
