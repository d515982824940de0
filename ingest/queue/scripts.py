"""The Lua scripts of the queue: each is one step, done whole or not at all, whoever dies meanwhile."""

ADD = """
local at = 2
for run = 1, ARGV[1] do
  local topic, source, format, replay, route = unpack(ARGV, at, at + 4)
  local last = at + 5 + 2 * ARGV[at + 5]
  for entry = at + 6, last, 2 do
    redis.call('XADD', KEYS[1], '*', 'topic', topic, 'source', source, 'format', format, 'origin', ARGV[entry],
      'replay', replay, 'route', route, 'payload', ARGV[entry + 1])
  end
  at = last + 1
end
local counts = ARGV[at]
at = at + 1
for count = 1, counts do
  redis.call('HINCRBY', KEYS[2], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for set = 3, #KEYS do
  redis.call('HSET', KEYS[set], ARGV[at], ARGV[at + 1])
  at = at + 2
end
return redis.call('XLEN', KEYS[1])
"""
# A script takes half as long as a transaction of as many commands, each of which Redis would answer. What messages in a
# row have in common comes once. A full Redis refuses the first command, and then none has been done.
ACK = """
local acked = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 5))
redis.call('XDEL', KEYS[1], unpack(ARGV, 5))
if acked > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[2], acked)
  redis.call('HINCRBY', KEYS[4], ARGV[2], acked)
  redis.call('EXPIRE', KEYS[4], 3600)
  if ARGV[3] ~= '' then
    redis.call('HINCRBY', KEYS[3], ARGV[3], acked)
    redis.call('EXPIRE', KEYS[3], ARGV[4])
  end
end
return acked
"""
# One script acks and counts, so that the counts are exact even if a worker dies. XACK comes first: it is allowed when
# Redis has no memory left, and once a script has written, the rest of it is allowed too.
REFUSE = """
local moved, at = 0, 3
for number = 5, #KEYS do
  local id, field, outcome, fields = unpack(ARGV, at, at + 3)
  local last = at + 3 + fields
  if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1) > 0 then
    redis.call('XACK', KEYS[1], ARGV[1], id)
    redis.call('XDEL', KEYS[1], id)
    if last > at + 3 then redis.call('XADD', KEYS[3], '*', unpack(ARGV, at + 4, last)) end
    redis.call('HINCRBY', KEYS[2], field, 1)
    redis.call('HINCRBY', KEYS[4], field, 1)
    redis.call('EXPIRE', KEYS[4], 3600)
    if outcome ~= '' then
      redis.call('HINCRBY', KEYS[number], outcome, 1)
      redis.call('EXPIRE', KEYS[number], ARGV[2])
    end
    moved = moved + 1
  end
  at = last + 1
end
return moved
"""
# A refused message moves in one step, so it is never nowhere. Many move together: on a busy machine each answer takes
# long. XACK comes first here, too: then Redis allows the move when it has no memory left; it needs hardly any.
MAKE_GROUP = """
redis.call('DEL', KEYS[2])
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
return 1
"""
LEAVE = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return #pending
"""
# Redis refuses every XGROUP when it has no memory left. Once a script has written, the rest of it is allowed, so these
# scripts first delete a key that does not exist. Otherwise no worker could start on a full Redis, and make room.
