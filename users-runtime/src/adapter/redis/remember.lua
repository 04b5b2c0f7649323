-- Remembers a key until a time, unless it is remembered longer.
-- KEYS: the key; its value is the time
-- ARGV: now, until; milliseconds
local now, till = tonumber(ARGV[1]), tonumber(ARGV[2])
if till > now and tonumber(redis.call('GET', KEYS[1]) or 0) < till then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', string.format('%.0f', till - now))
end
return 1
