"""Writes that wait, and what was read before: every way of asking finds what there is."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from kolapp_queue import keys, scripts
from kolapp_queue.model import QueueRef
from kolapp_queue.store import QueueStore

PRELUDES = scripts.PRELUDES["queue"][: scripts.PRELUDES["queue"].index("_places") + 1]
# Does the steps it is given, each through the preludes (`fast`) or as the plain command it means.
STEPS = """
local fast = {
  get = function(field) return get(TICKETS, field) end,
  set = function(field, value) set(TICKETS, field, value) end,
  unset = function(field) set(TICKETS, field) end,
  score = function(member) return score_of(PRESENT, member) end,
  add = function(member) index(PRESENT, member, 0) end,
  remove = function(member) index(PRESENT, member) end,
  firsts = function(code, count) return table.concat(firsts(PRESENT, code, count), ' ') end,
}
local plain = {
  get = function(field) return redis.call('HGET', TICKETS, field) end,
  set = function(field, value) redis.call('HSET', TICKETS, field, value) end,
  unset = function(field) redis.call('HDEL', TICKETS, field) end,
  length = function() return redis.call('HLEN', TICKETS) end,
  score = function(member) return redis.call('ZSCORE', PRESENT, member) end,
  add = function(member) redis.call('ZADD', PRESENT, 0, member) end,
  remove = function(member) redis.call('ZREM', PRESENT, member) end,
  firsts = function(code, count)
    local from, to = '[' .. code, '(' .. code .. ':'
    return table.concat(redis.call('ZRANGEBYLEX', PRESENT, from, to, 'LIMIT', 0, count), ' ')
  end,
  count = function() return redis.call('ZCARD', PRESENT) end,
}
local told = {}
for _, step in ipairs(cjson.decode(ARGV[1])) do
  local name, way = step[1], step[2] == 'fast' and fast or plain
  local got = way[name](step[3], step[4])
  local reads = name ~= 'set' and name ~= 'unset' and name ~= 'add' and name ~= 'remove'
  table.insert(told, reads and tostring(got or '') or '')
end
return cjson.encode(told)
"""
HASH = ("get", "set", "set", "unset", "length")
SORTED = ("score", "add", "remove", "remove", "remove", "firsts", "firsts", "firsts")


def steps(chance: random.Random) -> list[list[Any]]:
    found: list[list[Any]] = [["add", "fast", f"01{member}"] for member in range(8)]
    for number in range(len(found), 200):
        name = chance.choice((*HASH, *SORTED)) if chance.random() < 0.97 else "count"
        plain = name in ("length", "count") or chance.random() < 0.1
        way = "plain" if plain else "fast"
        code = chance.choice(("01", "02"))
        if name in HASH:
            args = [f"field{chance.randrange(4)}", str(number)]
        elif name == "firsts":
            args = [code, chance.randrange(1, 4)]
        else:
            args = [f"{code}{chance.randrange(8)}"]
        found.append([name, way, *args])
    return found


@pytest.mark.parametrize("seed", range(20))
async def test_every_way_finds_what_there_is(store: QueueStore, provider: str, seed: int) -> None:
    prelude = "".join(scripts._text(f"queue/{name}") for name in PRELUDES)
    source = (
        f"{scripts._text(scripts.FRONT)}{prelude}local function verb(ARGV)\n{STEPS}end\n"
        f"{scripts._text(scripts.BEHIND)}"
    )
    asked = steps(random.Random(seed))
    told = []
    for queue in ("mixed", "plain"):
        ref = QueueRef(provider, queue)
        way = asked if queue == "mixed" else [[name, "plain", *rest] for name, _, *rest in asked]
        # Two calls, so that a window is wider than one call needs.
        halves = [json.dumps(half) for half in (way[:100], way[100:])]
        names = keys.queue_keys(ref)
        replies = await store._link.do(
            lambda redis, names=names, halves=halves: redis.eval(
                source, len(names), *names, "2", *halves
            )
        )
        tickets, present = (keys.queue_key(ref, name) for name in ("tickets", "present"))
        told.append(
            (
                [json.loads(reply) for reply in replies],
                await store._link.do(lambda redis, key=tickets: redis.hgetall(key)),
                await store._link.do(lambda redis, key=present: redis.zrange(key, 0, -1)),
            )
        )
    assert told[0] == told[1]
