"""Messages of every kind, right and wrong, from a patient, a clinician and a guest at once, in
both encodings: each gets its one reply or ends its own connection, and nothing else happens.

`KOLAPP_FUZZ=100000` for so many of them; a few thousand in `make test`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from drivers import ENCODINGS, QUEUE, Closed, Driver, People, people
from guests import guest_of, of, visit_of
from hypothesis import HealthCheck, Phase, given, seed, settings
from kolapp_signalling.app import Served, serving
from kolapp_signalling.settings import Settings
from message_fuzz import BATCHES, encoded, has_id, live, numbers, spoilt

INPUTS = int(os.environ.get("KOLAPP_FUZZ", "2500"))
BATCH = 25
ROUND = 100  # batches
MOST_GROWTH_KB = 30_000
ALLOWED = {1007, 4503}  # text that is none; nothing but nonsense
LEFT = 4507  # a guest who hung up
ROLES = ("patient", "clinician", "guest")


class Complaints(logging.Handler):
    """Whatever was logged as a failure of ours."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


class Fuzzed:
    """A node and three people who talk nonsense to it. Everything runs while `send` does."""

    def __init__(self, runner: asyncio.Runner, settings: Settings, subprotocol: str) -> None:
        self._runner, self._settings, self._subprotocol = runner, settings, subprotocol
        self._stack = AsyncExitStack()
        self._numbers = numbers()
        self.inputs = 0
        self.rss_kb: list[int] = []

    def begin(self) -> None:
        self._runner.run(self._begin())

    def end(self) -> None:
        self._runner.run(self._stack.aclose())

    async def _begin(self) -> None:
        self._node: Served = await self._stack.enter_async_context(serving(self._settings))
        self._people: People = await self._stack.enter_async_context(people(self._subprotocol))
        self._who: dict[str, Driver] = {}
        self._hosts = await visit_of(self._node, self._people)
        self.witness = await self._people.waiting(self._node, "witness")

    def send(self, batch: list[Any]) -> None:
        self._runner.run(self._send(batch))

    async def _send(self, batch: list[Any]) -> None:
        for role in ROLES:
            await self._by(role, batch)
        self.inputs += len(ROLES) * len(batch)
        for bystander in (self.witness, *self._hosts):
            reply = await bystander.ask("ping")
            assert reply["type"] == "pong"
            bystander.frames.clear()
        assert self._hosts[0].visit["state"] == "live"

    async def _by(self, role: str, batch: list[Any]) -> None:
        driver = await self._driver(role)
        ids: dict[int, bool] = {}
        try:
            for message, spoil in batch:
                number = next(self._numbers)
                now = self._now(driver)
                whole = {name: live(value, now) for name, value in message.items()}
                data = spoilt(encoded({"id": number, **whole}, driver.binary), spoil)
                ids[number] = has_id(data, number, driver.binary)
                await driver.send_raw(data)
            await driver.ask("ping")
        except (Closed, ConnectionError):
            left = role == "guest" and driver.ws.close_code == LEFT
            assert left or driver.ws.close_code in ALLOWED, driver.ws.close_code
            del self._who[role]
            return
        answered = [frame["re"] for frame in driver.frames if frame.get("re") in ids]
        twice = len(answered) - len(set(answered))  # the spoilt id of one may be another's
        assert twice <= sum(spoil is not None for _, spoil in batch), "one reply each"
        assert {number for number, whole in ids.items() if whole} <= set(answered)
        driver.frames.clear()

    async def _driver(self, role: str) -> Driver:
        if role in self._who:
            return self._who[role]
        if role == "guest":
            doctor = self._hosts[1]
            await doctor.ask("remove_guest", **of(doctor), guest="guest1")
            key = f"key{next(self._numbers)}"
            self._who[role] = await guest_of(self._node, self._people, doctor, key=key)
        else:
            self._who[role] = await self._people.enter(self._node, role, f"fuzz-{role}")
        return self._who[role]

    def _now(self, driver: Driver) -> dict[str, Any]:
        visit = driver.visit
        return {
            "$ticket": driver.ticket.get("ticket", "none"),
            "$visit": visit.get("id", "none"),
            "$epoch": visit.get("epoch") or (driver.ticket.get("call") or {}).get("epoch", 1),
            "$queue": QUEUE,
            "$resume": driver.welcome.get("resume", "none"),
        }


@pytest.fixture(params=ENCODINGS)
def fuzzed(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Fuzzed]:
    generous = replace(
        settings, messages_per_s=100_000, frames_per_s=10**6, errors_before_close=1_000
    )
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    with asyncio.Runner() as runner:
        fuzzed = Fuzzed(runner, generous, request.param)
        fuzzed.begin()
        try:
            yield fuzzed
        finally:
            fuzzed.end()
            logging.getLogger().removeHandler(complaints)
    assert complaints.found == []


def test_no_message_does_any_harm(fuzzed: Fuzzed) -> None:
    examples = max(1, INPUTS // (len(ROLES) * BATCH * len(ENCODINGS)))
    for number, first in enumerate(range(0, examples, ROUND)):
        # Anew each time: Hypothesis remembers whatever it made, which is much in the end.
        _round(fuzzed, number, min(ROUND, examples - first))
        gc.collect()
        fuzzed.rss_kb.append(_rss_kb())
    assert fuzzed.inputs >= INPUTS // len(ENCODINGS) - len(ROLES) * BATCH
    warm = fuzzed.rss_kb[len(fuzzed.rss_kb) // 2]  # the first half: everything was used once
    sys.stderr.write(f"{fuzzed.inputs} inputs, {warm} kB after half, {fuzzed.rss_kb[-1]} at last\n")
    assert fuzzed.rss_kb[-1] - warm < MOST_GROWTH_KB


def _round(fuzzed: Fuzzed, number: int, examples: int) -> None:
    @seed(number if INPUTS < 10_000 else secrets.randbits(64))  # the same few in `make test`
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],  # what follows from what went before does not get smaller
    )
    @given(BATCHES)
    def run(batch: list[Any]) -> None:
        fuzzed.send(batch)

    run()


def _rss_kb() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
