-- Takes one event from each counter, or from none if one refuses, like `Rule::take`.
-- KEYS: counters. A value is "failures due": failures under a back-off, and the time at which a quota is fully restored or
--       at which a delay ends.
-- ARGV: now, then five for each counter: "q", span, share, 0, 0; or "b", free, first, longest, forget_after. Times are
--       milliseconds.
-- Returns {} if all were taken, or {index, wait} of the one that waits longest.
local now = tonumber(ARGV[1])
local writes, by, longest = {}, nil, -1

local function delay(failures, free, first, longest_delay)
  if failures < free then return 0 end
  return math.min(first * 2 ^ math.min(failures - free, 31), longest_delay)
end

for i, key in ipairs(KEYS) do
  local at = 5 * i - 3
  local kind, a, b = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local c, d = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local value = redis.call('GET', key)
  local failures, due = 0, now
  if value then
    local f, t = string.match(value, '^(%d+) (%d+)$')
    failures, due = tonumber(f), tonumber(t)
  end
  local wait, ends
  if kind == 'q' then
    local from = math.min(math.max(due, now), now + a)
    due = from + b
    failures, ends = 0, due
    wait = due - now - a
  else
    if due + d <= now then failures, due = 0, now end
    due = math.min(due, now + delay(failures, a, b, c))
    wait = due - now
    failures = failures + 1
    due = now + delay(failures, a, b, c)
    ends = due + d
  end
  if wait > 0 then
    if wait > longest then by, longest = i - 1, wait end
  else
    writes[#writes + 1] = {key, string.format('%.0f %.0f', failures, due), string.format('%.0f', ends - now)}
  end
end
if by then return {by, longest} end
for _, write in ipairs(writes) do
  redis.call('SET', write[1], write[2], 'PX', write[3])
end
return {}
