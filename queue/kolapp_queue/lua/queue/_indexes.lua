-- In front of every script: which indexes a record is in. That follows from the record alone, so
-- the two cannot disagree.

local NOWHERE = {}
local OF_TICKET = {called = {RINGS}, transferring = {MOVING}}
local OF_VISIT = {called = {HOLDERS}, live = {LIVE, HOLDERS}, held = {LIVE, HOLDERS}}
local HERE, GONE, ASIDE = {PRESENT}, {AWAY, GRACE}, {AWAY}
local SCORES = {
  [GRACE] = 'away_until_ms', [RINGS] = 'ring_until_ms', [MOVING] = 'moving_until_ms',
  [LIVE] = 'answered_ms', [HOLDERS] = 'holder_until_ms',
}

local function indexes_of_ticket(ticket)
  if ticket.state ~= 'waiting' then return OF_TICKET[ticket.state] or NOWHERE end
  if not ticket.present then return GONE end
  return ticket.aside and ASIDE or HERE
end

local function indexes_of_visit(visit) return OF_VISIT[visit.state] or NOWHERE end

local indexed = {}  -- by record: the indexes it is in; nil for one that was made just now

local function move(record, indexes)
  for _, set in ipairs(indexed[record] or NOWHERE) do
    index(set, SCORES[set] and record.id or place_of(record))
  end
  for _, set in ipairs(indexes) do
    local score = SCORES[set]
    index(set, score and record.id or place_of(record), score and record[score] or 0)
  end
  indexed[record] = indexes
end
