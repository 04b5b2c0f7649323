-- Decides about a presented token, and replaces it if it is the newest of its family. A second call of the same decides that it
-- was replaced a moment ago.
-- KEYS: family
-- ARGV: presented number, now, next expiry, epoch, grace and the difference of clocks in milliseconds, then the names of the
-- fields to return
local presented, now, grace, skew = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5]), tonumber(ARGV[6])
local generation, rotated_at, expires_at =
  unpack(redis.call('HMGET', KEYS[1], 'generation', 'rotated_at', 'expires_at'))
if not generation or tonumber(expires_at) <= now then return { 'ended' } end
local behind = tonumber(generation) - presented
local decided = 'reused'
if behind == 0 then
  decided = 'rotated'
  redis.call('HSET', KEYS[1], 'generation', string.format('%.0f', presented + 1), 'rotated_at', ARGV[2], 'expires_at',
    ARGV[3], 'epoch', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, tonumber(ARGV[3]) - now)))
elseif behind == 1 and now - tonumber(rotated_at) <= grace and tonumber(rotated_at) - now <= skew then
  decided = 'replayed'
elseif behind < 0 then
  decided = 'ended'
end
local reply = { decided }
for i = 7, #ARGV do reply[#reply + 1] = redis.call('HGET', KEYS[1], ARGV[i]) or '' end
return reply
