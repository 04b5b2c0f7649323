-- A session is a hash at <prefix>session:<digest of its token>. With plaintext tokens, its field `plain` contains
-- fastapi-users' key of the same session; the session is valid only as long as that key exists.
local function is_valid(key)
  local plain = redis.call('HGET', key, 'plain')
  return redis.call('EXISTS', key) == 1 and (not plain or redis.call('EXISTS', plain) == 1)
end

local function finish(key)
  local plain = redis.call('HGET', key, 'plain')
  if plain then redis.call('DEL', plain) end
  return redis.call('DEL', key)
end

-- A member of a user's index is the id of a session (22 characters) and the digest of its token.
local function name_of(member) return string.sub(member, 1, 22) end
local function digest_of(member) return string.sub(member, 23) end

