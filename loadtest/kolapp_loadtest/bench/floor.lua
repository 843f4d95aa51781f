-- What any pull must do: take the head of a sorted set, change its record, bump a version, tell
-- others. The head goes to the end, so the set keeps its size.
-- KEYS[1] sorted set of waiting ids   KEYS[2] hash id -> record   KEYS[3] hash with the version
-- ARGV[1] channel of the hint
local head = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
local record = cmsgpack.unpack(redis.call('HGET', KEYS[2], head))
local version = redis.call('HINCRBY', KEYS[3], 'version', 1)
record.version = version
record.state = 'called'
redis.call('HSET', KEYS[2], head, cmsgpack.pack(record))
redis.call('ZREM', KEYS[1], head)
redis.call('ZADD', KEYS[1], 2 ^ 40 + version, head)
redis.call('PUBLISH', ARGV[1], cmsgpack.pack({version, head}))
return cmsgpack.pack(record)
