/**
 * Every change of the registry is one script over the three keys of one endpoint (records, leases, version), so that no two owners see the same slot.
 * A record is a JSON object: `t` the token of whoever registered it, `i` its incarnation, `b` block size and `m` model of the pool (absent for
 * routers), `r` the record as its codec writes it, `a` its seal. Deadlines are ms of Redis' own clock; who reads them reads that clock too.
 *
 * Anybody may have written to these keys: what is no record of ours never makes a script fail, and what nobody of us can have written is removed:
 * a key of another type, a record without a lease, a lease without a record. Every script answers `{ answer, removed }`, removed being flat pairs of what
 * it was and why.
 */

/** A record in its envelope, in bytes; what is longer is not read. */
export const ENVELOPE_BYTES_MAX = 4_194_304;
/** An id in Redis, in bytes. */
const ID_BYTES_MAX = 1_200;
/** Leases of one endpoint that are looked at. */
const LEASES_MAX = 65_536;
/** A deadline further ahead was written by nobody of us. */
const LEASE_MS_MAX = 86_400_000;
/** How long a record with such a deadline still stands: its owner, if there is one, renews within. */
const LEASE_MS_INSTEAD = 60_000;

const PRELUDE = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local removed = {}
local function tell(what, why)
  if #removed < 64 then
    removed[#removed + 1] = string.sub(what, 1, 200)
    removed[#removed + 1] = why
  end
end
local function own(key, kind)
  local is = redis.call('TYPE', key).ok
  if is ~= kind and is ~= 'none' then
    redis.call('DEL', key)
    tell(key, 'it is a ' .. is .. ', not a ' .. kind)
  end
end
own(KEYS[1], 'hash')
own(KEYS[2], 'zset')
own(KEYS[3], 'string')
local function knownVersion()
  local text = redis.call('GETRANGE', KEYS[3], 0, 20)
  local number = string.match(text, '^%d+$') and tonumber(text) or 0
  if number > time[1] * 1000000 + 86400000000 then return 0 end
  return number
end
local function changed()
  local version = time[1] * 1000000 + time[2]
  local last = knownVersion()
  if version <= last then version = last + 1 end
  redis.call('SET', KEYS[3], string.format('%.0f', version))
end
local function parse(text)
  local ok, value = pcall(cjson.decode, text)
  if ok and type(value) == 'table' then return value end
  return nil
end
local function standing(id)
  if redis.call('HSTRLEN', KEYS[1], id) > ${ENVELOPE_BYTES_MAX} then return nil end
  local text = redis.call('HGET', KEYS[1], id)
  return text and parse(text) or nil
end
local function drop(id)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
-- Whether an id is UTF-8: who reads it as text could not name it otherwise.
local function isText(id)
  if not string.find(id, '[\\128-\\255]') then return true end
  local at = 1
  while at <= #id do
    local first, second = string.byte(id, at, at + 1)
    local length = first < 128 and 1 or first < 194 and 0 or first < 224 and 2 or first < 240 and 3 or first < 245 and 4 or 0
    if length == 0 then return false end
    for more = 1, length - 1 do
      local byte = string.byte(id, at + more)
      if not byte or byte < 128 or byte > 191 then return false end
    end
    if (first == 224 and second < 160) or (first == 237 and second > 159) then return false end
    if (first == 240 and second < 144) or (first == 244 and second > 143) then return false end
    at = at + length
  end
  return true
end
local function textOf(value)
  return type(value) == 'string' and value or nil
end
`;

/**
 * Registers. ARGV: id, envelope, lease ms, most records, then ids of records that are not believed. Answers `ok`, or why not: `superseded` and by whom,
 * `full` and by how many, `disagrees` with the pool's block size and model and who says so.
 * Members past their deadline are asked to leave only when they stand in the way: a stalled owner must not lose its record to a newcomer that agrees.
 */
export const PUT = `${PRELUDE}
local id, mine, leaseMs, most = ARGV[1], cjson.decode(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local disbelieved = {}
for at = 5, #ARGV do disbelieved[ARGV[at]] = true end
local function born(incarnation)
  local day, salt = string.match(incarnation or '', '^(%x+)%-(%x+)$')
  if day and #day == 12 and #salt == 8 then return day end
  return nil
end
local function termsOf(other)
  local size = type(other.b) == 'number' and other.b or 0
  if size < 1 or size > 65536 or size ~= math.floor(size) then return nil, nil end
  return size, textOf(other.m)
end
local function refusal()
  local before = not disbelieved[id] and standing(id) or nil
  local its = before and textOf(before.i)
  if mine.i and its and mine.i ~= its then
    local my, other = born(mine.i), born(its)
    if my and other and my < other then return { 'superseded', its } end
  end
  local others = redis.call('ZCARD', KEYS[2]) - (redis.call('ZSCORE', KEYS[2], id) and 1 or 0)
  for other in pairs(disbelieved) do
    if other ~= id and redis.call('ZSCORE', KEYS[2], other) then others = others - 1 end
  end
  local size, model, who
  -- Members agree, so that the first ones say it all.
  for _, other in ipairs(mine.b and redis.call('ZRANGE', KEYS[2], 0, ${LEASES_MAX} - 1) or {}) do
    local record = other ~= id and not disbelieved[other] and isText(other) and standing(other)
    if record then
      local itsSize, itsModel = termsOf(record)
      if itsSize and not size then size, who = itsSize, other end
      model = model or (itsSize and itsModel)
      if size and model then break end
    end
  end
  if others >= most then return { 'full', tostring(others) } end
  if size and (size ~= mine.b or (model and mine.m and model ~= mine.m)) then
    return { 'disagrees', string.format('%.0f', size), model or '', who }
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
if why then return { why, removed } end
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('ZADD', KEYS[2], nowMs + leaseMs, id)
changed()
return { { 'ok' }, removed }
`;

/** Renews, with a new record when one is given. ARGV: id, token, lease ms, envelope or ''. Answers `ok`, `absent`, or `superseded` and by whom. */
export const RENEW = `${PRELUDE}
local before = standing(ARGV[1])
if not before then return { { 'absent' }, removed } end
if before.t ~= ARGV[2] then return { { 'superseded', textOf(before.i) or '' }, removed } end
redis.call('ZADD', KEYS[2], nowMs + tonumber(ARGV[3]), ARGV[1])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
  changed()
end
return { { 'ok' }, removed }
`;

/** Removes. ARGV: id, token. */
export const RELEASE = `${PRELUDE}
local before = standing(ARGV[1])
if before and before.t == ARGV[2] then
  drop(ARGV[1])
  changed()
end
return { { 'ok' }, removed }
`;

/**
 * Reads. ARGV: the version that is known, ms after which the expired are cleared away. Answers time, version, ids with deadlines, the records unless
 * they are known, and ids of records that are too long to be read. Removes what has no lease, at most so much that reading stays short.
 */
export const LIST = `${PRELUDE}
local long = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', nowMs - tonumber(ARGV[2]))
for _, expired in ipairs(long) do drop(expired) end
if #long > 0 then changed() end
local far = redis.call('ZRANGEBYSCORE', KEYS[2], nowMs + ${LEASE_MS_MAX}, '+inf', 'LIMIT', 0, 1000)
for _, id in ipairs(far) do
  redis.call('ZADD', KEYS[2], nowMs + ${LEASE_MS_INSTEAD}, id)
  tell(id, 'its deadline is more than a day ahead: it now has a minute')
end
local function removeUnnamed()
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ${LEASES_MAX} - 1)) do
    if not isText(id) then
      drop(id)
      tell('an id of ' .. #id .. ' bytes', 'it is no text')
    end
  end
end
if '0' == ARGV[1] or knownVersion() ~= tonumber(ARGV[1]) then removeUnnamed() end
local count = redis.call('HLEN', KEYS[1])
if count ~= redis.call('ZCARD', KEYS[2]) then
  local names = count <= ${LEASES_MAX} and redis.call('HKEYS', KEYS[1]) or redis.call('HRANDFIELD', KEYS[1], 4096)
  for _, id in ipairs(names) do
    if not redis.call('ZSCORE', KEYS[2], id) then
      redis.call('HDEL', KEYS[1], id)
      tell(id, 'it has no lease')
    end
  end
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ${LEASES_MAX} - 1)) do
    if redis.call('HEXISTS', KEYS[1], id) == 0 then
      redis.call('ZREM', KEYS[2], id)
      tell(id, 'it is a lease without a record')
    end
  end
end
if knownVersion() == 0 and redis.call('ZCARD', KEYS[2]) > 0 then changed() end
local version = string.format('%.0f', knownVersion())
local leases = redis.call('ZRANGE', KEYS[2], 0, ${LEASES_MAX} - 1, 'WITHSCORES')
local records, unread = {}, {}
if version ~= ARGV[1] then
  for at = 1, #leases, 2 do
    local id = leases[at]
    if #id > ${ID_BYTES_MAX} or redis.call('HSTRLEN', KEYS[1], id) > ${ENVELOPE_BYTES_MAX} then
      unread[#unread + 1] = string.sub(id, 1, 200)
    else
      records[#records + 1] = id
      records[#records + 1] = redis.call('HGET', KEYS[1], id) or ''
    end
  end
end
return { { tostring(nowMs), version, leases, records, unread }, removed }
`;
