-- Reads a session and records its use, if the last record is old enough. Never writes to a key that does not exist, so
-- that a removed session is not restored.
-- KEYS: session, key of fastapi-users (omitted unless such keys are accepted)
-- ARGV: now, lifetime, idle limit, maximum age of the recorded use; milliseconds, 0 for no limit; the backend that the
--       session must belong to unless it belongs to none, or '' for any
local session, plain = KEYS[1], KEYS[2]
local now, lifetime, idle, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local v, user, epoch, name, at, seen, kept_plain, backend, amr, login =
  unpack(redis.call('HMGET', session, 'v', 'user', 'epoch', 'name', 'at', 'seen', 'plain', 'backend', 'amr', 'login'))
local plain_user = plain and redis.call('GET', plain)

if not v then
  if not plain_user then return false end
  return { plain_user, redis.call('PTTL', plain) } -- written by fastapi-users
end
if v ~= '1' or (kept_plain and plain_user ~= user) then return false end
if backend and ARGV[5] ~= '' and backend ~= ARGV[5] then return false end

local left = math.huge
if lifetime > 0 then left = at + lifetime - now end
if idle > 0 then
  if seen + idle <= now then return false end
  left = math.min(left, idle)
end
if left <= 0 then return false end

if now - seen >= every then
  local noted = redis.pcall('HSET', session, 'seen', ARGV[1])
  -- If the write fails, for instance because the memory is full, the session expires earlier, not later.
  if type(noted) == 'number' and left < math.huge then
    local ttl = string.format('%.0f', left)
    redis.call('PEXPIRE', session, ttl)
    if kept_plain then redis.call('PEXPIRE', plain, ttl) end
  end
end
return { user, epoch, name, at, amr or '', login or '' }
