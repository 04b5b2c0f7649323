-- Takes one unit of a quota if one is left, like `Quota::take`.
-- KEYS: counter; its value is the time at which the quota is fully restored
-- ARGV: now, span, share; milliseconds
local now, span, share = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local from = tonumber(redis.call('GET', KEYS[1]) or now)
from = math.min(math.max(from, now), now + span)
local full_again = from + share
if full_again - now > span then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', full_again), 'PX', string.format('%.0f', full_again - now))
return 1
