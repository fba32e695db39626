"""The limits' arithmetic as Redis runs it: each script is one step that nothing comes between.

The same as `bot.limits` and `bot.tries`, which one contract holds them to. Times are Redis' own unless one is given; a
clock that went back makes nobody wait longer. Keys go by themselves when they have nothing more to say.
"""

_NOW = """
local function now()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end
local function keep(key, text, seconds)
  redis.call('SET', key, text, 'PX', math.ceil(seconds * 1000) + 1000)
end
local at = now()
"""

# ARGV: now, then for each key: its kind, how many, over how many seconds, how many are asked for.
TAKE = (
    _NOW
    + """
local wait, left, since = 0, {}, {}
for i, key in ipairs(KEYS) do
  local kind, burst = ARGV[i * 4 - 2], tonumber(ARGV[i * 4 - 1])
  local span, n = tonumber(ARGV[i * 4]), tonumber(ARGV[i * 4 + 1])
  local a, b = string.match(redis.call('GET', key) or '', '^(%S+) (%S+)$')
  local tokens, began = tonumber(a or burst) or burst, tonumber(b or at) or at
  if began > at then began = at end
  if kind == 'allowance' then
    tokens, began = math.min(burst, tokens + (at - began) / span), at
  elseif at - began >= span then
    tokens, began = burst, at
  end
  if tokens < n then
    wait = math.max(wait, kind == 'allowance' and (n - tokens) * span or began + span - at)
  end
  left[i], since[i] = tokens, began
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    local burst, span, n = tonumber(ARGV[i * 4 - 1]), tonumber(ARGV[i * 4]), tonumber(ARGV[i * 4 + 1])
    local rest = left[i] - n
    local lasts = ARGV[i * 4 - 2] == 'allowance' and (burst - rest) * span or since[i] + span - at
    keep(key, string.format('%.17g %.17g', rest, since[i]), lasts)
  end
end
return string.format('%.17g', wait)
"""
)

# ARGV as for TAKE.
GIVE_BACK = (
    _NOW
    + """
for i, key in ipairs(KEYS) do
  local a, b = string.match(redis.call('GET', key) or '', '^(%S+) (%S+)$')
  local lasts = redis.call('PTTL', key)
  if tonumber(a) and lasts > 0 then
    local rest = math.min(tonumber(ARGV[i * 4 - 1]), tonumber(a) + tonumber(ARGV[i * 4 + 1]))
    redis.call('SET', key, string.format('%.17g %s', rest, b), 'PX', lasts)
  end
end
"""
)

# ARGV: now, seconds, how many there are, who.
OCCUPY = (
    _NOW
    + """
local lease = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], at + lease, ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(lease * 1000) + 1000)
return 1
"""
)

# ARGV: now, seconds, then who, for each key.
KEEP = (
    _NOW
    + """
local lease = tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, at + lease, ARGV[i + 2])
  redis.call('PEXPIRE', key, math.ceil(lease * 1000) + 1000)
end
"""
)

# ARGV: who, for each key.
VACATE = """
for i, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[i]) end
"""

_TRIES = (
    _NOW
    + """
local window, longest, forgotten = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function read(key)
  local tries = {strikes = 0, ends = -1e300, made = {}}
  local numbers = {}
  for word in string.gmatch(redis.call('GET', key) or '', '%S+') do numbers[#numbers + 1] = tonumber(word) end
  if #numbers >= 2 then
    tries.strikes, tries.ends = numbers[1], math.min(numbers[2], at + longest)
    for i = 3, #numbers do tries.made[#tries.made + 1] = math.min(numbers[i], at) end
  end
  return tries
end
local function write(key, tries)
  local text = string.format('%.17g %.17g', tries.strikes, tries.ends)
  for _, made in ipairs(tries.made) do text = text .. string.format(' %.17g', made) end
  keep(key, text, math.max(0, tries.ends - at) + (tries.strikes > 0 and forgotten or window))
end
"""
)

# ARGV: now, the window, the longest wait, when strikes are forgotten, then how many tries, for each key.
GUESS = (
    _TRIES
    + """
local wait, every = 0, {}
for i, key in ipairs(KEYS) do
  every[i] = read(key)
  wait = math.max(wait, every[i].ends - at)
end
if wait > 0 then return string.format('%.17g', wait) end
for i, key in ipairs(KEYS) do
  local tries, most = every[i], tonumber(ARGV[i + 4])
  if at - tries.ends > forgotten then tries.strikes = 0 end
  table.insert(tries.made, at)
  while #tries.made > most do table.remove(tries.made, 1) end
  if #tries.made == most and at - tries.made[1] < window then
    tries.ends = at + math.min(longest, window * 2 ^ tries.strikes)
    tries.strikes = math.min(tries.strikes + 1, 10)
  end
  write(key, tries)
end
return '0'
"""
)

# ARGV as for GUESS.
UNGUESS = (
    _TRIES
    + """
for _, key in ipairs(KEYS) do
  local tries = read(key)
  if #tries.made > 0 then
    table.remove(tries.made)
    if tries.ends > at then tries.ends, tries.strikes = at, tries.strikes - 1 end
    if #tries.made == 0 and tries.strikes <= 0 then redis.call('DEL', key) else write(key, tries) end
  end
end
"""
)
