-- The record as it stands.
-- KEYS[1]  the clinician's record (_record.lua)
return reply(record())
