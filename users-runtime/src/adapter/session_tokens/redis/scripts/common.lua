-- A session is a hash at <prefix>session:<digest of its token>. Where fastapi-users reads along, its field `plain` names the
-- key that holds the user's id under the token itself; such a session stands and falls with that key.
local function stands(key)
  local plain = redis.call('HGET', key, 'plain')
  return redis.call('EXISTS', key) == 1 and (not plain or redis.call('EXISTS', plain) == 1)
end

local function finish(key)
  local plain = redis.call('HGET', key, 'plain')
  if plain then redis.call('DEL', plain) end
  return redis.call('DEL', key)
end

-- A member of a user's index is the name of a session (22 characters) and the digest of its token.
local function name_of(member) return string.sub(member, 1, 22) end
local function digest_of(member) return string.sub(member, 23) end

