-- In front of every script of this folder: who writes the audit files.

local WRITER = LEASED  -- "at:provider/queue" -> "id added"
