"""What a forecaster has learned, as bytes, so that a restart or another node goes on from there.

Who waits and who serves is not in it: that comes from the queue's events of the last hours, which
are applied again without learning from them. With the weights go the newest rows they were learned
from, so that the first new ones do not speak alone, and what is learned slowly: how long visits
last, how soon clinicians return, who gives up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

from .forecaster import Kolapp
from .learner import Learner
from .state import QueueState

FORMAT = 2
ROWS = 2_000


class UnknownMemory(ValueError):
    """Written by another version, or by nothing of ours: to be learned anew."""


@dataclass(frozen=True, slots=True)
class Known:
    forecaster: Kolapp
    cursor: str  # the last event that was learned from
    state: dict[str, Any]  # for `QueueState.recall`
    speed: int  # of a rehearsed day, see `rehearsal`


def remember(forecaster: Kolapp, state: QueueState, cursor: str, speed: int = 1) -> bytes:
    """`cursor` says up to which event it has learned; `recall` gives it back."""
    learner = forecaster.learner
    calibrations = [
        _packed(array)
        for one in (forecaster.joining, forecaster.waiting)
        for array in (one.moved, one.today, one.seen)
    ]
    slow = (forecaster.durations, forecaster.returns, forecaster.giving_up)
    record = {
        "format": FORMAT,
        "cursor": cursor,
        "unit_s": forecaster.unit_s,
        "speed": speed,
        "slow": [one.remember() for one in slow],
        "state": state.remember(),
        "calibrations": calibrations,
        "net": [_packed(one) for one in learner.net.arrays()] if learner else [],
        "steps": learner.net.steps if learner else 0,
        "seen": learner.seen if learner else 0,
        "rows": [_packed(one) for one in learner.newest(ROWS)] if learner else [],
    }
    return bytes(msgpack.packb(record))


def recall(memory: bytes) -> Known:
    """Raises UnknownMemory."""
    try:
        record = msgpack.unpackb(memory)
        if record["format"] != FORMAT:
            raise UnknownMemory("written by another version")
        return _known(record)
    except UnknownMemory:
        raise
    except (ValueError, KeyError, TypeError, msgpack.UnpackException) as error:
        raise UnknownMemory("it cannot be read") from error


def _known(record: dict[str, Any]) -> Known:
    forecaster = Kolapp(record["unit_s"])
    saved = [_unpacked(one) for one in record["calibrations"]]
    for one, arrays in zip(
        (forecaster.joining, forecaster.waiting), (saved[:3], saved[3:]), strict=True
    ):
        for mine, other in zip((one.moved, one.today, one.seen), arrays, strict=True):
            mine[...] = other
    durations, returns, giving_up = record["slow"]
    forecaster.durations.recall(durations)
    forecaster.returns.recall(returns)
    forecaster.giving_up.recall(giving_up)
    if record["net"]:
        forecaster.learner = _learner(record)
    speed = int(record.get("speed", 1))  # not of a version before
    return Known(forecaster, record["cursor"], record["state"], speed)


def _learner(record: dict[str, Any]) -> Learner:
    rows, base, wait = (_unpacked(one) for one in record["rows"])
    learner = Learner(_unpacked(record["net"][0]).shape[0])
    learner.net.restore([_unpacked(one) for one in record["net"]], record["steps"])
    learner.refill(rows, base, wait, record["seen"])
    return learner


def _packed(array: Any) -> list[Any]:
    small = np.asarray(array, dtype=np.float16 if array.dtype == np.float16 else np.float32)
    return [small.dtype.str, list(small.shape), small.tobytes()]


def _unpacked(packed: list[Any]) -> Any:
    kind, shape, content = packed
    if kind not in ("<f2", "<f4"):
        raise UnknownMemory("it holds something else than numbers")
    return np.frombuffer(content, dtype=kind).reshape(shape).copy()
