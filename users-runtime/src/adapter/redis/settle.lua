-- Takes events back, like `Rule::give_back`, and clears counters.
-- KEYS: the counters to take back from, then those to clear
-- ARGV: now, the number of the former, then five for each of them, as for taking
local now, count = tonumber(ARGV[1]), tonumber(ARGV[2])

local function delay(failures, free, first, longest)
  if failures < free then return 0 end
  return math.min(first * 2 ^ math.min(failures - free, 31), longest)
end

for i, key in ipairs(KEYS) do
  local value = i <= count and redis.call('GET', key)
  if not value then
    redis.call('DEL', key)
  else
    local at = 5 * i - 2
    local kind, a, b = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local c, d = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local f, t = string.match(value, '^(%d+) (%d+)$')
    local failures, due, ends = tonumber(f), tonumber(t), 0
    if kind == 'q' then
      due = due - b
      ends = due
    elseif failures > 1 then
      failures = failures - 1
      due = math.min(due, now + delay(failures, a, b, c))
      ends = due + d
    end
    if ends <= now then
      redis.call('DEL', key)
    else
      redis.call('SET', key, string.format('%.0f %.0f', failures, due), 'PX', string.format('%.0f', ends - now))
    end
  end
end
return 1
