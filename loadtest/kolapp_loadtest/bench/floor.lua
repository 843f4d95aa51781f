-- What any pull must do, in one call: fence the clinician, take the head of the line, write ticket
-- and visit, set the ring's deadline, bump the version, tell others. The head goes to the end of the
-- line and the visit replaces the last one, so nothing grows.
-- KEYS[1] sorted set, the line   KEYS[2] hash, tickets   KEYS[3] hash, visits   KEYS[4] sorted set,
-- rings   KEYS[5] hash, version and epoch   KEYS[6] sorted set, fences
-- ARGV[1] channel of the hint
local version = redis.call('HINCRBY', KEYS[5], 'version', 1)
redis.call('ZSCORE', KEYS[6], 'clinician')
redis.call('ZADD', KEYS[6], version, 'clinician')
local id = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
local ticket = cmsgpack.unpack(redis.call('HGET', KEYS[2], id))
ticket.state, ticket.version = 'called', version
ticket.epoch = redis.call('HINCRBY', KEYS[5], 'epoch', 1)
local visit = {id = 'visit', ticket = id, clinician = 'clinician', state = 'called',
  version = version, epoch = ticket.epoch, called_ms = version, ring_until_ms = version}
redis.call('ZREM', KEYS[1], id)
redis.call('ZADD', KEYS[1], 2 ^ 40 + version, id)
redis.call('ZADD', KEYS[4], version, 'ring')
redis.call('HSET', KEYS[2], id, cmsgpack.pack(ticket))
redis.call('HSET', KEYS[3], 'visit', cmsgpack.pack(visit))
redis.call('PUBLISH', ARGV[1], cmsgpack.pack({version = version, ticket = id, visit = 'visit'}))
return cmsgpack.pack({ticket = ticket, visit = visit})
