/**
 * Every change of the registry is one script over the three keys of one endpoint (records, leases, version), so that no two owners see the same slot.
 * A record is a JSON object: `t` the token of whoever registered it, `i` its incarnation, `b` block size and `m` model of the pool (absent for
 * routers), `r` the record as its codec writes it. Deadlines are ms of Redis' own clock; who reads them reads that clock too.
 */

const PRELUDE = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local function changed()
  local version = time[1] * 1000000 + time[2]
  local last = tonumber(redis.call('GET', KEYS[3]) or '0')
  if version <= last then version = last + 1 end
  redis.call('SET', KEYS[3], string.format('%.0f', version))
end
local function standing(id)
  local text = redis.call('HGET', KEYS[1], id)
  return text and cjson.decode(text) or nil
end
local function drop(id)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
`;

/**
 * Registers. ARGV: id, envelope, lease ms, most records. Answers `ok` with the pool's block size and model as they now are, or why not.
 * Members past their deadline are asked to leave only when they stand in the way: a stalled owner must not lose its record to a newcomer that agrees.
 */
export const PUT = `${PRELUDE}
local id, mine, leaseMs, most = ARGV[1], cjson.decode(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function born(incarnation)
  local day, salt = string.match(incarnation or '', '^(%x+)%-(%x+)$')
  if day and #day == 12 and #salt == 8 then return day end
  return nil
end
local function refusal()
  local before = standing(id)
  if before and mine.i and before.i then
    local my, its = born(mine.i), born(before.i)
    if mine.i ~= before.i and my and its and my < its then return { 'superseded', before.i } end
  end
  local others = redis.call('HLEN', KEYS[1]) - (before and 1 or 0)
  if others >= most then return { 'full', tostring(others) } end
  if not mine.b then return nil end
  local size, model
  local all = redis.call('HGETALL', KEYS[1])
  for at = 1, #all, 2 do
    if all[at] ~= id then
      local other = cjson.decode(all[at + 1])
      size = size or other.b
      model = model or other.m
    end
  end
  if size and (size ~= mine.b or (model and mine.m and model ~= mine.m)) then
    return { 'disagrees', tostring(size), model or '' }
  end
  return nil
end
local function dropExpired()
  local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', nowMs)
  for _, expired in ipairs(ids) do drop(expired) end
  return #ids > 0
end
local why = refusal()
if why and dropExpired() then
  changed()
  why = refusal()
end
if why then return why end
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('ZADD', KEYS[2], nowMs + leaseMs, id)
changed()
return { 'ok' }
`;

/** Renews, with a new record when one is given. ARGV: id, token, lease ms, envelope or ''. Answers `ok`, `absent`, or `superseded` and by whom. */
export const RENEW = `${PRELUDE}
local before = standing(ARGV[1])
if not before then return { 'absent' } end
if before.t ~= ARGV[2] then return { 'superseded', before.i or '' } end
redis.call('ZADD', KEYS[2], nowMs + tonumber(ARGV[3]), ARGV[1])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
  changed()
end
return { 'ok' }
`;

/** Removes. ARGV: id, token. */
export const RELEASE = `${PRELUDE}
local before = standing(ARGV[1])
if before and before.t == ARGV[2] then
  drop(ARGV[1])
  changed()
end
return { 'ok' }
`;

/**
 * Reads. ARGV: the version that is known, ms after which the expired are cleared away. Answers time, version, ids with deadlines, and the
 * records unless they are known.
 */
export const LIST = `${PRELUDE}
local long = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', nowMs - tonumber(ARGV[2]))
for _, expired in ipairs(long) do drop(expired) end
if #long > 0 then changed() end
local version = redis.call('GET', KEYS[3]) or '0'
local leases = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local records = {}
if version ~= ARGV[1] then records = redis.call('HGETALL', KEYS[1]) end
return { tostring(nowMs), version, leases, records }
`;
