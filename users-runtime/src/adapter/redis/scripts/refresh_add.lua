-- Adds a family of refresh tokens, and ends others of its user and backend beyond the maximum: first those that have expired or
-- are of an earlier epoch, then the oldest. Idempotent.
-- KEYS: family, index of the user and backend
-- ARGV: prefix of families, id, maximum number, time to live and that of the index in milliseconds,
--       time of the login, then pairs of fields and values
local family, index = KEYS[1], KEYS[2]
local prefix, id, cap = ARGV[1], ARGV[2], tonumber(ARGV[3])
for i = 7, #ARGV, 2 do
  if ARGV[i + 1] ~= '' then redis.call('HSET', family, ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', family, ARGV[4])
redis.call('ZADD', index, ARGV[6], id)
if redis.call('PTTL', index) < tonumber(ARGV[5]) then redis.call('PEXPIRE', index, ARGV[5]) end

local now, epoch = unpack(redis.call('HMGET', family, 'rotated_at', 'epoch'))
local others, dead, used = {}, {}, {}
for _, other in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  if other ~= id then
    if redis.call('EXISTS', prefix .. other) == 1 then
      local at, expires_at, of_epoch = unpack(redis.call('HMGET', prefix .. other, 'rotated_at', 'expires_at', 'epoch'))
      used[other] = tonumber(at) or 0
      local is_dead = (tonumber(expires_at) or 0) <= tonumber(now) or (tonumber(of_epoch) or 0) < tonumber(epoch)
      local kind = is_dead and dead or others
      kind[#kind + 1] = other
    else
      redis.call('ZREM', index, other)
    end
  end
end
-- The session that ended all others may go on under its earlier epoch until its next refresh. It is the one that was used last.
table.sort(dead, function(one, other) return used[one] < used[other] end)
for _, other in ipairs(others) do dead[#dead + 1] = other end
for i = 1, #dead + 1 - cap do
  redis.call('DEL', prefix .. dead[i])
  redis.call('ZREM', index, dead[i])
end
return 1
