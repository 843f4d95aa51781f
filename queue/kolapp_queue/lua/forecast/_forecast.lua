-- In front of every script of this folder: a queue's waiting times, and who computes them.

local FORECAST = LEASED  -- published and memory (MessagePack)
local HINTS = KEYS[2]     -- channel of the queue's hints, named like a key of the queue

local PUBLISH = 'PUBLISH'  -- in a cluster scripts.py makes it SPUBLISH: heard where the slot is
