"""One request of a life: asked when it was due, measured from then, its failure counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from ..client import KolappClient
from ..errors import ConnectionClosed, LoadtestError, NotInTime, RequestRefused
from .measures import Measures
from .radio import Radio

T = TypeVar("T")
OUTAGE_NS = 500_000_000  # a request that took so long was held up by something
# Refusals that a life runs into without anybody's fault: two things happened at once.
CROSSED = frozenset(
    {"nobody_waiting", "wrong_state", "stale_epoch", "no_visit", "already_in_visit", "not_on_duty"}
)


class Refused(LoadtestError):
    """The request was answered with an error, or not at all. It was counted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def do(measures: Measures, verb: str, due_ns: int, request: Awaitable[T]) -> T:
    """Raises Refused; ConnectionClosed when the connection is over for good."""
    measures.counts[f"asked:{verb}"] += 1
    try:
        answer = await request
    except RequestRefused as refused:
        kind = "crossed" if refused.code in CROSSED else "error"
        measures.counts[f"{kind}:{verb}:{refused.code}"] += 1
        raise Refused(refused.code) from None
    except NotInTime:
        measures.error(verb, "no_answer")
        _outage(measures, due_ns)
        raise Refused("no_answer") from None
    except ConnectionClosed as closed:
        measures.error(verb, f"closed_{closed.code}")
        raise
    measures.latencies.record(verb, due_ns, time.perf_counter_ns())
    _outage(measures, due_ns)
    return answer


async def moment(measures: Measures, due_ns: int) -> None:
    """Return at `due_ns`, and note how late this process was. A timer's millisecond does not
    matter here; turning the loop for thousands of people would."""
    ahead_ns = due_ns - time.perf_counter_ns()
    if ahead_ns > 0:
        await asyncio.sleep(ahead_ns / 1e9)
        measures.latencies.record("generator_late", due_ns, time.perf_counter_ns())


def _outage(measures: Measures, due_ns: int) -> None:
    now_ns = time.perf_counter_ns()
    if now_ns - due_ns > OUTAGE_NS:
        measures.outages.append((due_ns, now_ns))


class Connection:
    """Notes when a client lost its connection and when it had it again. It is looked at a few
    times a second; what is shorter is counted, with no length."""

    def __init__(self, client: KolappClient, radio: Radio, measures: Measures) -> None:
        self._client, self._radio, self._measures = client, radio, measures
        self._lost_ns = 0
        self._seen = client.connections

    def look(self, now_ns: int) -> None:
        client = self._client
        if client.connections > self._seen:
            self._measures.counts["reconnected"] += client.connections - self._seen
            self._seen = client.connections
        if client.connected or client.closed is not None or not self._radio.on:
            if self._lost_ns and client.connected:
                self._measures.outages.append((self._lost_ns, now_ns))
            self._lost_ns = 0
        elif not self._lost_ns and client.connections:
            self._lost_ns = now_ns
