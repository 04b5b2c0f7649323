-- Ends the session of a token.
-- KEYS: session, key of fastapi-users (omitted unless such keys are accepted). ARGV: prefix of indexes, digest of the token
local user, name = unpack(redis.call('HMGET', KEYS[1], 'user', 'name'))
if user and name then redis.call('ZREM', ARGV[1] .. user, name .. ARGV[2]) end
finish(KEYS[1])
if KEYS[2] then redis.call('DEL', KEYS[2]) end
return 1
