"""A queue's keys, as they lie in the store, to a `Line`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from redis.asyncio.client import Pipeline

from . import keys, records
from .eligibility import fits
from .model import Line, QueueRef, TicketId

# A member of `present` and `away`: class, order key, number, id; see `place_of` in lua/queue.
CLASS, ORDER, NUMBER = 2, 17, 27
MOST_CAUSES = 128  # as in lua/queue/_events.lua


_CODES = {b"%02d" % code: code for code in range(100)}


class Orders(Sequence[tuple[int, int]]):
    """Order key and number of each place, read when asked for: hardly any is, of thousands."""

    def __init__(self, places: list[bytes]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> Orders: ...
    def __getitem__(self, index: int | slice) -> tuple[int, int] | Orders:
        if isinstance(index, slice):
            return Orders(self._places[index])
        place = self._places[index]
        return int(place[CLASS:ORDER]), int(place[ORDER:NUMBER])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Orders) and other._places == self._places

    def __hash__(self) -> int:
        return hash(tuple(self._places))


def ask_line(ref: QueueRef, pipeline: Pipeline) -> None:
    """The commands whose answers `line_of` takes."""
    pipeline.time()
    pipeline.hmget(keys.queue_key(ref, "meta"), "version", "clock", "visits_done", "visit_ms_mean")
    for name in ("present", "away"):
        pipeline.zrange(keys.queue_key(ref, name), 0, -1)
    for name in ("duty", "live"):
        pipeline.zrange(keys.queue_key(ref, name), 0, -1, withscores=True)
    for name in ("classes", "profiles"):
        pipeline.hgetall(keys.queue_key(ref, name))
    pipeline.lrange(keys.queue_key(ref, "causes"), 0, -1)


def line_of(
    ref: QueueRef,
    time: tuple[int, int],
    meta: list[Any],
    present: list[bytes],
    away: list[bytes],
    duty: list[tuple[bytes, float]],
    live: list[tuple[bytes, float]],
    classes: Mapping[bytes, bytes],
    profiles: Mapping[bytes, bytes],
    causes: list[bytes],
) -> Line:
    version, clock, done, mean = meta
    now_ms = max(time[0] * 1000 + time[1] // 1000, int(clock or 0))
    on_duty = [clinician for clinician, until_ms in duty if until_ms > now_ms]
    # Each class of both is sorted already, so this is a merge.
    places = sorted(present + away, key=_order)
    recent = tuple(map(records.risen, causes))
    return Line(
        ref=ref,
        version=int(version or 0),
        now_ms=now_ms,
        waiting=tuple([TicketId(place[NUMBER:].decode()) for place in places]),
        on_duty=len(on_duty),
        busy_since_ms=tuple(int(answered_ms) for _, answered_ms in live),
        visits_done=int(done or 0),
        visit_ms_mean=float(mean or 0.0),
        classes=[_CODES[place[:CLASS]] for place in places],
        masks=masks_of(on_duty, classes, profiles),
        team=[int(profiles.get(b"v" + clinician, 0)) for clinician in on_duty],
        orders=Orders(places),
        causes=recent,
        causes_since=recent[0].version - 1 if len(recent) == MOST_CAUSES else 0,
    )


def _order(place: bytes) -> bytes:
    return place[CLASS:]


def masks_of(
    on_duty: list[bytes], classes: Mapping[bytes, bytes], profiles: Mapping[bytes, bytes]
) -> dict[int, int]:
    """Bit i of a class's mask: the i-th clinician on duty fits it."""
    team = [
        (clinician.decode(), profiles.get(b"p" + clinician, b"").decode()) for clinician in on_duty
    ]
    masks = {}
    for field, needs in classes.items():
        if field.startswith(b"c"):
            text = needs.decode()
            bits = [
                fits(text, profile, clinician) << bit
                for bit, (clinician, profile) in enumerate(team)
            ]
            masks[int(field[1:])] = sum(bits)
    return masks
