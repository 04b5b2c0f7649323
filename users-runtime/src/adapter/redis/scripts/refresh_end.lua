-- Ends a family of refresh tokens of a user; returns the number of ended families.
-- KEYS: family. ARGV: user
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
