-- First in front of every script of this folder (scripts.py joins them): the queue's keys by
-- name. All calls that come together concern one queue.

local META = KEYS[1]      -- hash: version, clock, number, epoch, visits_done, visit_ms_mean,
                          -- lost_to, classes (how often they changed), closed_until, asides
local TICKETS = KEYS[2]   -- hash: ticket id -> record (MessagePack)
local VISITS = KEYS[3]    -- hash: visit id -> record (MessagePack)
local PATIENTS = KEYS[4]  -- hash: patient -> id of the one active ticket
local PRESENT = KEYS[5]   -- sorted set: `place_of`, score 0; waiting, can be pulled
local AWAY = KEYS[6]      -- sorted set: the same; waiting, skipped: no sign of life, or set aside
local RINGS = KEYS[7]     -- sorted set: id of a called ticket by its ring deadline
local GRACE = KEYS[8]     -- sorted set: id of an away ticket by the end of its grace
local DUTY = KEYS[9]      -- sorted set: clinician by the end of the duty lease
local LIVE = KEYS[10]     -- sorted set: id of a live visit by its answered_ms
local FENCES = KEYS[11]   -- sorted set: clinician by the newest lock epoch that was used here
local ENDED = KEYS[12]    -- sorted set: by when to forget it: 't' ticket, 'v' visit, 'c' clinician,
                          -- 's' shared patient
local EVENTS = KEYS[13]   -- stream: every step as one MessagePack map in the field `e`
local INTAKE = KEYS[14]   -- hash: ticket id -> what the patient wrote, sealed
local CLASSES = KEYS[15]  -- hash: 'n' needs -> code, 'c' code -> needs, 'u' code -> active tickets
local PROFILES = KEYS[16] -- hash: of a clinician on duty 'p' -> profile, 'f' -> what fits, 'v' ->
                          -- the version at which they came, 'l' -> when they mean to stop, ms;
                          -- of one off duty 'b' -> when they mean to come back, ms, and profile
local HOLDERS = KEYS[17]  -- sorted set: visit id by the end of its clinician's lease on it
local CAUSES = KEYS[18]   -- list: what put people further back lately (MessagePack)
local MOVING = KEYS[19]   -- sorted set: id of a ticket between two queues, by when to look after it
local SHARED = KEYS[20]   -- set: patients who may wait in another queue too
local LINKED = KEYS[21]   -- sorted set: id of a ticket by the node at which its connection is
local CHAT = KEYS[22]     -- hash: `line_of` -> a line said in a live visit, its text sealed
