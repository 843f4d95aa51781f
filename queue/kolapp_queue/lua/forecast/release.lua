-- The holder stops: another one may begin at once. Answers whether it had the lease.
-- KEYS     the queue's waiting times (_forecast.lua)
-- ARGV[1]  holder
return cmsgpack.pack({held = let_go(ARGV[1])})
