-- Reads a session and notes that it was used, at most once in a while. What is gone stays gone: nothing is written to a
-- key that this run did not find.
-- KEYS: session, key of fastapi-users (none where such keys do not count)
-- ARGV: now, lifetime, idle limit, how old the note may become; milliseconds, 0 for no limit
local session, plain = KEYS[1], KEYS[2]
local now, lifetime, idle, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local v, user, epoch, name, at, seen, kept_plain =
  unpack(redis.call('HMGET', session, 'v', 'user', 'epoch', 'name', 'at', 'seen', 'plain'))
local in_clear = plain and redis.call('GET', plain)

if not v then
  if not in_clear then return false end
  return { in_clear, redis.call('PTTL', plain) } -- as fastapi-users wrote it
end
if v ~= '1' or (kept_plain and in_clear ~= user) then return false end

local left = math.huge
if lifetime > 0 then left = at + lifetime - now end
if idle > 0 then
  if seen + idle <= now then return false end
  left = math.min(left, idle)
end
if left <= 0 then return false end

if now - seen >= every then
  local noted = redis.pcall('HSET', session, 'seen', ARGV[1])
  -- Without the note, as with the memory full, the session ends sooner and not later.
  if type(noted) == 'number' and left < math.huge then
    local ttl = string.format('%.0f', left)
    redis.call('PEXPIRE', session, ttl)
    if kept_plain then redis.call('PEXPIRE', plain, ttl) end
  end
end
return { user, epoch, name, at }
