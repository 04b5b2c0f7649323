-- Gives one unit of a quota back, like `Quota::give_back`.
-- KEYS: counter; its value is the time at which the quota is fully restored
-- ARGV: now, share; milliseconds
local now, share = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_again = tonumber(redis.call('GET', KEYS[1]) or now) - share
if full_again <= now then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f', full_again), 'PX', string.format('%.0f', full_again - now))
end
return 1
