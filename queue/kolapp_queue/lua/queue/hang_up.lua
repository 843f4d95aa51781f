-- Either side ends a live visit. A call is not hung up: the patient declines it, the clinician
-- gives it back.
-- KEYS     the queue's keys (_keys.lua)
-- ARGV[1]  visit
-- ARGV[2]  who: the visit's patient or clinician
-- ARGV[3]  epoch of the visit
-- ARGV[4]  outcome
-- ARGV[5]  how long what ended stays readable, ms
local id, by, epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])
local outcome, retention_ms = ARGV[4], tonumber(ARGV[5])

local visit, ticket, role = visit_among(id, by)
local mine = role == 'clinician'
if not mine and role ~= 'patient' then return refuse('no_such_visit') end
if visit.epoch ~= epoch then return refuse('stale_epoch') end
if visit.state == 'ended' then return reply(nil, visit) end
if visit.state == 'called' then return refuse('wrong_state', visit.state) end

local reason = mine and 'clinician_hung_up' or 'patient_hung_up'
end_visit(visit, reason, retention_ms)
end_ticket(ticket, 'completed', reason, retention_ms)
visit.outcome = outcome

-- The mean forgets: a tenth of it is the newest visit, the first ones count in full.
local done, mean = count_up('visits_done'), counters.visit_ms_mean
mean = mean + (visit.ended_ms - visit.answered_ms - mean) / math.min(done, 10)
count_to('visit_ms_mean', math.floor(1000 * mean + 0.5) / 1000)
local step = mine and by_clinician('hang_up', visit) or by_patient('hang_up', ticket)
return commit(ticket, visit, step)
