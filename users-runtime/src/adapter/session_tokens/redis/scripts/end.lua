-- Ends the session of a user with an id; returns the number of ended sessions.
-- KEYS: index of the user. ARGV: prefix of sessions, id
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if name_of(member) == ARGV[2] then
    redis.call('ZREM', KEYS[1], member)
    return finish(ARGV[1] .. digest_of(member))
  end
end
return 0
