-- Either side ends a live visit. A call is not hung up: the patient declines it, the clinician
-- gives it back.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who: the visit's patient or clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  how long what ended stays readable, ms
local id, by, epoch, retention_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local visit = read(VISITS, id)
local ticket = visit and read(TICKETS, visit.ticket)
if not ticket or (by ~= visit.clinician and by ~= ticket.patient) then
  return refuse('no_such_visit')
end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.state == 'ended' then return reply(nil, visit) end
if visit.state ~= 'live' then return refuse('wrong_state', visit.state) end

local reason = by == visit.clinician and 'clinician_hung_up' or 'patient_hung_up'
end_visit(visit, reason, retention_ms)
end_ticket(ticket, 'completed', reason, retention_ms)

-- The mean forgets: a tenth of it is the newest visit, the first ones count in full.
local done = redis.call('HINCRBY', META, 'visits_done', 1)
local mean = tonumber(redis.call('HGET', META, 'visit_ms_mean') or 0)
mean = mean + (visit.ended_ms - visit.answered_ms - mean) / math.min(done, 10)
redis.call('HSET', META, 'visit_ms_mean', string.format('%.3f', mean))
return commit(ticket, visit)
