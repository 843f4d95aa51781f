"""What a forecast needs of the store, read at one moment: the queue's new events beside who is on
duty, what put people back, and now and then the whole line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgpack
from redis.asyncio.client import Pipeline

from . import keys, records
from .audit_stream import BATCH, FIELD
from .bulletin import NOTHING_SAID, Bulletin, read_closing
from .eta.facts import Facts
from .line_records import CLASS, MOST_CAUSES, NUMBER, ORDER, masks_of
from .link import Link
from .model import ClinicianKey, QueueRef

MOST_LOOKED_UP = 32  # idle clinicians whose own records are read for one forecast
ALONE_S = 5.0

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    facts: Facts
    events: list[tuple[str, Told]]
    # Order key and number of each who waits, and their classes; None if it was not asked for.
    line: tuple[list[tuple[int, int]], list[int]] | None
    bulletin: Bulletin = NOTHING_SAID  # as far as it closes the queue

    @property
    def version(self) -> int:
        return self.facts.version


class Idle(Protocol):
    @property
    def busy(self) -> bool: ...


def ask(ref: QueueRef, pipeline: Pipeline, after: str, line: bool) -> None:
    """The commands whose answers `reading_of` takes: events after that one; with `line`, who
    waits."""
    pipeline.time()
    pipeline.hmget(keys.queue_key(ref, "meta"), "version", "clock", "closed_until", "closed_ms")
    pipeline.zrange(keys.queue_key(ref, "duty"), 0, -1, withscores=True)
    pipeline.hgetall(keys.queue_key(ref, "classes"))
    pipeline.hgetall(keys.queue_key(ref, "profiles"))
    pipeline.lrange(keys.queue_key(ref, "causes"), 0, -1)
    pipeline.xrange(keys.queue_key(ref, "events"), min=f"({after}", count=BATCH)
    if line:
        for name in ("present", "away"):
            pipeline.zrange(keys.queue_key(ref, name), 0, -1)


def reading_of(answers: list[Any]) -> Reading:
    time, (version, clock, *closed), duty, classes, profiles, causes, events, *line = answers
    now_ms = max(time[0] * 1000 + time[1] // 1000, int(clock or 0))
    on_duty = [clinician for clinician, until_ms in duty if until_ms > now_ms]
    back = _returning(profiles, on_duty, now_ms)
    known = {**profiles, **{b"p" + name: profile for name, (_, profile) in back.items()}}
    recent = tuple(map(records.risen, causes))
    facts = Facts(
        now_ms=now_ms,
        version=int(version or 0),
        on_duty=[clinician.decode() for clinician in on_duty],
        masks=masks_of([*on_duty, *back], classes, known),
        anybody=int(classes.get(b"n", 0)),
        causes=recent,
        causes_since=recent[0].version - 1 if len(recent) == MOST_CAUSES else 0,
        leaves_ms=_leaves_ms(on_duty, profiles),
        returns_ms={name.decode(): back_ms for name, (back_ms, _) in back.items()},
    )
    return Reading(
        facts,
        [_event(*entry) for entry in events],
        _line(*line) if line else None,
        read_closing(closed),
    )


def _leaves_ms(on_duty: list[bytes], profiles: Mapping[bytes, bytes]) -> dict[str, int]:
    said = {name.decode(): int(profiles.get(b"l" + name, 0)) for name in on_duty}
    return {name: leaves_ms for name, leaves_ms in said.items() if leaves_ms}


def _returning(
    profiles: Mapping[bytes, bytes], on_duty: list[bytes], now_ms: int
) -> dict[bytes, tuple[int, bytes]]:
    """Who has said to come back and when, and what they fit. Whoever is late is not expected."""
    found = {}
    for field, said in profiles.items():
        if field.startswith(b"b") and field[1:] not in on_duty:
            back_ms, _, profile = said.partition(b" ")
            if int(back_ms) > now_ms:
                found[field[1:]] = int(back_ms), profile
    return found


class Elsewhere:
    """The visits in other queues of those who seem to be idle here. At most `MOST_LOOKED_UP` of
    them are looked up at a time, the others count as idle; so do, for `ALONE_S`, those who serve
    this queue alone."""

    def __init__(self, link: Link, ref: QueueRef) -> None:
        self._link = link
        self._ref = ref
        self._alone: dict[str, float] = {}  # until when, the loop's time

    async def look(self, facts: Facts, servers: Mapping[str, Idle]) -> Facts:
        """With `elsewhere_ms`. Raises StoreUnavailable."""
        now = asyncio.get_running_loop().time()
        self._alone = {name: until for name, until in self._alone.items() if until > now}
        idle = [name for name in facts.on_duty if name not in servers or not servers[name].busy]
        looked_up = [name for name in idle if name not in self._alone][:MOST_LOOKED_UP]
        found = await asyncio.gather(*map(self._visit, looked_up))
        busy = {name: since for name, since in zip(looked_up, found, strict=True) if since > 0}
        alone = (name for name, since in zip(looked_up, found, strict=True) if since < 0)
        self._alone |= dict.fromkeys(alone, now + ALONE_S)
        return replace(facts, elsewhere_ms=busy)

    async def _visit(self, name: str) -> int:
        """Since when (ms); 0 for none, -1 for who serves no other queue. The epoch of a lock is
        the store's time when it was made."""
        key = keys.clinician(self._ref.provider, ClinicianKey(name))
        held, queue, epoch, queues = await self._link.do(
            lambda redis: redis.hmget(key, "held", "queue", "epoch", "queues")
        )
        mine = self._ref.queue.encode()
        if held == b"1" and queue != mine:
            return int(epoch)
        return -1 if queues == b",%s," % mine else 0


def _event(entry: bytes, fields: Mapping[bytes, bytes]) -> tuple[str, Told]:
    """An empty one for what cannot be read: it says nothing, but it has been seen."""
    try:
        told = msgpack.unpackb(fields[FIELD])
    except (KeyError, ValueError, msgpack.UnpackException):
        told = {}
    return entry.decode(), told if isinstance(told, dict) else {}


def _line(present: Iterable[bytes], away: Iterable[bytes]) -> Any:
    places = [*present, *away]
    orders = [(int(place[CLASS:ORDER]), int(place[ORDER:NUMBER])) for place in places]
    return orders, [int(place[:CLASS]) for place in places]
