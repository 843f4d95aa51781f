"""Drives Kolapp's own verbs, and the floor; a process of its own, told what to do on stdin."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Any

import uvloop
from kolapp_queue import keys
from kolapp_queue.model import ClinicianKey, Needs, PatientKey, Profile, QueueRef, TicketId, Visit
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

from .closed_loop import BATCH, Timed, fill, measure, obey

PROVIDER = "bench"
HOUR_MS = 3_600_000
DOCTOR = Needs(profession="doctor")
DOCTORS = Profile(professions=("doctor",))
SKILLS = tuple(f"rare-{number}" for number in range(50))
POLL_S = 0.1
RARE_PULLS = 50  # at least, however short the run


class Kolapp:
    def __init__(self, store: QueueStore) -> None:
        self._store = store
        self._patients: dict[str, PatientKey] = {}  # by ticket

    async def on_duty(self, queue: str) -> None:
        """One clinician for each pull of a batch: each may have one visit only."""
        for hand in range(BATCH):
            await self._store.set_duty(PROVIDER, _clinician(queue, hand), [queue], DOCTORS)

    async def join(self, queue: str, needs: Needs = DOCTOR) -> None:
        patient, ticket = PatientKey(secrets.token_hex(8)), TicketId(secrets.token_urlsafe(16))
        self._patients[ticket] = patient
        await self._store.join(_ref(queue), patient, ticket, "connection", needs)

    async def pull(self, queue: str, hand: int) -> Visit | None:
        return await self._store.pull(PROVIDER, _clinician(queue, hand), secrets.token_hex(8))

    async def end(self, queue: str, visit: Visit) -> None:
        """The patient answers, the clinician hangs up: two verbs, each with a script for both
        sides."""
        ref, patient = _ref(queue), self._patients.pop(visit.ticket)
        await self._store.answer(ref, visit.ticket, patient, visit.epoch)
        await self._store.hang_up(ref, visit.id, visit.clinician, visit.epoch)

    async def settle(self) -> None:
        """The append-only file is rewritten now, and not in somebody's turn: it would be rewritten
        for what all of them have written."""
        link = self._store._link
        await link.do(lambda redis: redis.config_set("auto-aof-rewrite-percentage", "0"))
        await self._rewritten()
        await link.do(lambda redis: redis.bgrewriteaof())
        await self._rewritten()

    async def _rewritten(self) -> None:
        while True:
            told = await self._store._link.do(lambda redis: redis.info("persistence"))
            if not told["aof_rewrite_in_progress"] and not told["aof_rewrite_scheduled"]:
                return
            await asyncio.sleep(POLL_S)

    async def floor(
        self, in_flight: int, seconds: float, store_pid: int
    ) -> dict[str, dict[str, float]]:
        """The least that a call can cost: a script that does nothing, with the keys and arguments
        of a join; and the least that one can cost that is kept: an HSET of a record's size."""
        value = secrets.token_bytes(200)
        hset, script = Timed(store_pid), Timed(store_pid)
        link = self._store._link
        digest = await link.do(lambda redis: redis.script_load("return 0"))
        names, args = keys.queue_keys(_ref("floor")), ["argument"] * 10

        async def write() -> None:
            field = secrets.token_hex(8)
            await link.do(lambda redis: redis.hset("floor", field, value))

        async def call() -> None:
            await link.do(lambda redis: redis.evalsha(digest, len(names), *names, *args))

        while hset.busy_ns < seconds * 1e9:
            await hset.run([write] * BATCH, in_flight)
            await script.run([call] * BATCH, in_flight)
        return {"hset": hset.figures(), "script": script.figures()}

    async def rare(self, queue: str, seconds: float) -> dict[str, float]:
        """Pulls of clinicians with one rare skill each, whose patients stand behind everybody
        else, in ms of the store's own time: all scripts of the verb, without network and disk."""
        store, link = self._store, self._store._link
        await link.do(lambda redis: redis.config_set("slowlog-log-slower-than", "0"))
        took_us: list[int] = []
        until = time.monotonic() + seconds
        while len(took_us) < RARE_PULLS or time.monotonic() < until:
            skill = SKILLS[len(took_us) % len(SKILLS)]
            clinician = _clinician(f"{queue}-{skill}", 0)
            await self.join(queue, Needs(skills=(skill,)))
            await store.set_duty(PROVIDER, clinician, [queue], Profile(skills=(skill,)))
            await link.do(lambda redis: redis.slowlog_reset())
            visit = await store.pull(PROVIDER, clinician, secrets.token_hex(8))
            entries = await link.do(lambda redis: redis.slowlog_get(100))
            scripts = [one["duration"] for one in entries if one["command"].startswith(b"EVALSHA")]
            took_us.append(sum(scripts))
            if visit is None:
                raise RuntimeError("a patient with a rare need was not found")
            await self.end(queue, visit)
        await link.do(lambda redis: redis.config_set("slowlog-log-slower-than", "10000"))
        took_us.sort()
        p50, p99 = (took_us[int(share * len(took_us))] / 1000 for share in (0.5, 0.99))
        return {"n": len(took_us), "p50_ms": p50, "p99_ms": p99, "max_ms": took_us[-1] / 1000}


_ref = lru_cache(partial(QueueRef, PROVIDER))


def _clinician(queue: str, hand: int) -> ClinicianKey:
    return ClinicianKey(f"{queue}-{hand}")


async def main(url: str) -> None:
    settings = QueueSettings(ring_ms=HOUR_MS, duty_lease_ms=HOUR_MS, command_timeout_ms=30_000)
    store = await QueueStore.connect(url, settings)
    system = Kolapp(store)

    async def prepare(queue: str, count: int) -> None:
        await system.on_duty(queue)
        await fill(system, queue, count)

    verbs: dict[str, Callable[..., Awaitable[Any]]] = {
        "fill": prepare,
        "measure": partial(measure, system),
    }
    verbs |= {"floor": system.floor, "rare": system.rare, "settle": system.settle}
    try:
        await obey(verbs)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main(sys.argv[1]))
