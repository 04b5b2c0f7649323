-- Returns the sessions of a user in the order of their logins; removes those that no longer exist from the index.
-- KEYS: index of the user. ARGV: prefix of sessions
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local session = ARGV[1] .. digest_of(member)
  if is_valid(session) then
    found[#found + 1] =
      redis.call('HMGET', session, 'v', 'user', 'epoch', 'name', 'at', 'seen', 'ip', 'agent', 'plain', 'amr', 'login')
  else
    redis.call('ZREM', KEYS[1], member)
  end
end
return found
