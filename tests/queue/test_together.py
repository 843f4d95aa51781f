"""Calls done together by one script leave what they would leave one after the other."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import msgpack
import pytest
from kolapp_queue import keys, records
from kolapp_queue.batches import Call
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings

HOUR = 3_600_000
DAY = 24 * HOUR
PEOPLE = [f"patient{number}" for number in range(8)]
DOCTORS = [f"doctor{number}" for number in range(4)]
NEEDS = ("", '{"language":"sv"}', '{"language":"no"}')
PROFILES = ("", '{"languages":["sv"]}', '{"languages":["no","sv"]}')
ROUNDS, MOST = 60, 7
Args = tuple[str | int, ...]


class Line:
    """One queue, and what was said about it so far: the next calls are chosen from that."""

    def __init__(self, link: Link, ref: QueueRef, together: bool) -> None:
        self._link = link
        self._together = together
        self.ref = ref

    async def run(self, verb: str, calls: list[Args]) -> list[Any]:
        """What each call is answered, together or one after the other."""
        name, names = f"queue/{verb}", keys.queue_keys(self.ref)
        loop = asyncio.get_running_loop()
        asked = [Call((), args, loop.create_future()) for args in calls]
        parts = [asked] if self._together else [[call] for call in asked]
        replies = [await self._link._send(name, names, part) for part in parts]
        return [timeless(records.unpack(reply)) for part in replies for reply in part]

    async def contents(self) -> dict[str, Any]:
        """Everything the store has of this queue, but for the times."""
        hashes = ("tickets", "visits", "patients", "classes", "profiles")
        sets = ("present", "away", "grace", "rings", "live", "holders", "fences", "ended")
        found: dict[str, Any] = {}

        def fill(pipeline: Any) -> None:
            for name in hashes:
                pipeline.hgetall(keys.queue_key(self.ref, name))
            for name in sets:
                pipeline.zrange(keys.queue_key(self.ref, name), 0, -1)
            pipeline.smembers(keys.queue_key(self.ref, "shared"))
            pipeline.hmget(keys.queue_key(self.ref, "meta"), "version", "number", "epoch")
            pipeline.xrange(keys.queue_key(self.ref, "events"))

        got = await self._link.together(fill)
        for name, value in zip((*hashes, *sets, "shared", "meta", "events"), got, strict=True):
            if name in ("tickets", "visits"):
                value = {key: timeless(msgpack.unpackb(packed)) for key, packed in value.items()}
            elif name in ("present", "away"):
                value = [place[:2] + place[17:] for place in value]  # without the order key
            elif name in sets:
                value = sorted(value)
            elif name == "events":
                value = [timeless(msgpack.unpackb(entry[b"e"])) for _, entry in value]
            found[name] = value
        return found


def timeless(record: Any) -> Any:
    if isinstance(record, dict):
        timed = {name for name in record if name.endswith("_ms")} | {"ms", "order_key", "order"}
        first = {"first": record["order"][1]} if "order" in record else {}
        rest = {name: timeless(value) for name, value in record.items() if name not in timed}
        return first | rest
    return [timeless(each) for each in record] if isinstance(record, list) else record


class Day:
    """Draws calls at random, many of them late, repeated or wrong."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._tickets = ["nobody"]
        self._guests: list[tuple[str, str, str]] = [("none", "nobody", "digest")]
        self._visits: list[tuple[str, str, str, int]] = [("none", "nobody", DOCTORS[0], 0)]

    def calls(self) -> tuple[str, list[Args]]:
        verbs = ("join", "join", "attach", "detach", "leave", "pull", "pull", "answer", "decline")
        guests = ("invite", "invite", "redeem", "leave_visit", "remove_guest")
        verb = self._random.choice((*verbs, *guests, "give_back", "hang_up", "share", "head"))
        draw = getattr(self, f"_{verb}")
        return verb, [draw() for _ in range(self._random.randint(1, MOST))]

    def heard(self, replies: list[Any]) -> None:
        for reply in replies:
            if ticket := reply.get("ticket"):
                self._tickets.append(ticket["id"])
            if visit := reply.get("visit"):
                who = (visit["id"], visit["ticket"], visit["clinician"], visit["epoch"])
                self._visits.append(who)

    def _any(self, some: Any) -> Any:
        return self._random.choice(some)

    def _patient_of(self, ticket: str) -> str:
        """Mostly: the id of a ticket begins with its patient."""
        return ticket.partition("-")[0] if self._random.random() < 0.9 else self._any(PEOPLE)

    def _join(self) -> Args:
        patient, needs = self._any(PEOPLE), self._any(NEEDS)
        ticket = self._any((f"{patient}-{next(self._numbers)}", self._any(self._tickets)))
        capacity = self._any((0, 0, 3, 5))
        return (patient, ticket, f"c{next(self._numbers)}", needs, needs, 0, capacity, 0, 0)

    def _attach(self) -> Args:
        ticket = self._any(self._tickets)
        return ticket, self._patient_of(ticket), f"c{next(self._numbers)}"

    def _detach(self) -> Args:
        return (
            self._any(self._tickets),
            f"c{self._random.randrange(1, 1 + next(self._numbers))}",
            HOUR,
        )

    def _leave(self) -> Args:
        ticket = self._any(self._tickets)
        return ticket, self._patient_of(ticket), DAY

    def _pull(self) -> Args:
        clinician, epoch = self._any(DOCTORS), next(self._numbers)
        lock = (clinician, self._any((epoch, epoch, 1)), f"visit{epoch}", self._any(PROFILES))
        wanted = self._any(("", "", "", self._any(self._tickets)))
        return (*lock, wanted, "why", "", "", HOUR, HOUR, HOUR, DAY, self._any(("", "direct")), 2)

    def _head(self) -> Args:
        return self._any(DOCTORS), self._any(PROFILES), ""

    def _share(self) -> Args:
        return self._any(PEOPLE), DAY

    def _answer(self) -> Args:
        _, ticket, _, epoch = self._any(self._visits)
        return ticket, self._patient_of(ticket), epoch

    def _decline(self) -> Args:
        return (*self._answer(), DAY)

    def _give_back(self) -> Args:
        visit, _, clinician, epoch = self._any(self._visits)
        return visit, clinician, epoch, "given_back", HOUR, DAY

    def _invite(self) -> Args:
        visit, _, clinician, epoch = self._any(self._visits)
        key, number = self._any(("k1", "k2", "k3")), self._random.randrange(8)
        by = (clinician, epoch, self._any(("clinician", "backend")))
        guest = (f"guest{next(self._numbers)}", f"digest{number}", self._any((0, HOUR, HOUR)))
        self._guests.append((visit, *guest[:2]))
        return (visit, *by, key, "guardian", *guest)

    def _redeem(self) -> Args:
        visit, guest, digest = self._any(self._guests)
        return visit, guest, digest, self._any(("k1", "k2"))

    def _leave_visit(self) -> Args:
        return self._any(self._guests)[:2]

    def _remove_guest(self) -> Args:
        visit, _, clinician, epoch = self._any(self._visits)
        return visit, clinician, epoch, "clinician", self._any(("guest1", "guest2"))

    def _hang_up(self) -> Args:
        visit, _, clinician, epoch = self._any(self._visits)
        return visit, clinician, epoch, "completed", DAY


@pytest.mark.parametrize("seed", range(8))
async def test_together_is_as_one_after_the_other(store_url: str, provider: str, seed: int) -> None:
    link = Link(store_url, QueueSettings().command_timeout_ms)
    day = Day(seed)
    one = Line(link, QueueRef(provider, "one"), together=False)
    all_at_once = Line(link, QueueRef(provider, "all"), together=True)
    try:
        for _ in range(ROUNDS):
            verb, calls = day.calls()
            replies = await one.run(verb, calls)
            assert await all_at_once.run(verb, calls) == replies, (verb, calls)
            day.heard(replies)
        assert await all_at_once.contents() == await one.contents()
    finally:
        await link.close()
