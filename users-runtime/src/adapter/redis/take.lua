-- Takes one of a quota, if one is left: `Quota::take` on the server.
-- KEYS: counter, whose value is when all that was taken is given back
-- ARGV: now, span, share; milliseconds
local now, span, share = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local from = tonumber(redis.call('GET', KEYS[1]) or now)
from = math.min(math.max(from, now), now + span)
local full_again = from + share
if full_again - now > span then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', full_again), 'PX', string.format('%.0f', full_again - now))
return 1
