-- Take the lease, or renew it; answers whether the caller has it.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
-- ARGV[2]  lease, ms
return cmsgpack.pack({held = take(ARGV[1], tonumber(ARGV[2]))})
