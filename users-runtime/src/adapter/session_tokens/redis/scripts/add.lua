-- Adds a session, removes ended ones, and ends the oldest beyond the maximum. Idempotent.
-- KEYS: session, index of the user, key of fastapi-users (optional)
-- ARGV: prefix of sessions, member of the index, time to live in milliseconds (0: no limit), the same of the index,
--       maximum number of sessions,
--       then the fields user, epoch, name, at, ip, agent, backend, amr, login, and whether other sessions with the name are replaced
local session, index, plain = KEYS[1], KEYS[2], KEYS[3]
local sessions, member, ttl, index_ttl, cap = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local user, at = ARGV[6], ARGV[9]

redis.call('HSET', session, 'v', '1', 'user', user, 'epoch', ARGV[7], 'name', ARGV[8], 'at', at, 'seen', at)
if ARGV[10] ~= '' then redis.call('HSET', session, 'ip', ARGV[10]) end
if ARGV[11] ~= '' then redis.call('HSET', session, 'agent', ARGV[11]) end
if ARGV[12] ~= '' then redis.call('HSET', session, 'backend', ARGV[12]) end
if ARGV[13] ~= '' then redis.call('HSET', session, 'amr', ARGV[13]) end
if ARGV[14] ~= '' then redis.call('HSET', session, 'login', ARGV[14]) end
if plain then
  redis.call('HSET', session, 'plain', plain)
  redis.call('SET', plain, user)
end
if ttl > 0 then
  redis.call('PEXPIRE', session, ARGV[3])
  if plain then redis.call('PEXPIRE', plain, ARGV[3]) end
end

-- The index expires with its last session.
local left = redis.call('PTTL', index)
redis.call('ZADD', index, at, member)
if index_ttl == 0 then
  redis.call('PERSIST', index)
elseif left ~= -1 and left < index_ttl then
  redis.call('PEXPIRE', index, ARGV[4])
end

local others = {}
for _, other in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  if other ~= member then
    if ARGV[15] == '1' and name_of(other) == ARGV[8] then
      finish(sessions .. digest_of(other))
      redis.call('ZREM', index, other)
    elseif is_valid(sessions .. digest_of(other)) then
      others[#others + 1] = other
    else
      redis.call('ZREM', index, other)
    end
  end
end
for i = 1, #others + 1 - cap do
  finish(sessions .. digest_of(others[i]))
  redis.call('ZREM', index, others[i])
end
return 1
