"""A history: client processes on one store, some of them killed at any moment, the store once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import history_client
import msgpack
from history_checker import Call, check
from kolapp_queue.eligibility import profile_text
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.keys import queue_key
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef

CLIENTS = 8
KILL_EVERY_S = (0.2, 0.8)
READY_S = 20.0
READ_MS = 20_000
BROKEN_LINES = 1_500  # two for each call: some ten old answers are among them
LEAST_LINES = 2_500  # each verb is tried some times among so many
LONGER_S = 60.0  # than it was asked for, at most, for those on a slow machine
PROVIDER = "history"


@dataclass(frozen=True, slots=True)
class History:
    """What happened, and all that is wrong with it."""

    calls: list[Call]
    events: int
    kills: int
    wrong: list[str]

    def verbs(self, done: bool) -> set[str]:
        """Those that were tried at least once, or done."""
        return {call.verb for call in self.calls if call.answer is not None or not done}


def run_history(
    directory: Path, seconds: float, clients: int = CLIENTS, seed: int = 1, broken: str = ""
) -> History:
    """`broken`: a line of the scripts that the clients leave out; then nobody is killed, and it
    ends with `BROKEN_LINES` written down, however fast the machine is, or after `seconds`."""
    files = directory / "history"
    files.mkdir()
    store = EmbeddedStore(directory / "store")
    store.start()
    try:
        store.wait_ready(READY_S)
        kills = _Nemesis(store, files, clients, seed, broken).rage(seconds)
        streams, records = asyncio.run(_read(store.url))
    finally:
        store.stop()
    calls = [call for path in sorted(files.iterdir()) for call in _calls(path)]
    profiles = {key: profile_text(it) for key, it in history_client.PROFILES.items()}
    wrong = check(calls, streams, records, profiles)
    return History(calls, sum(map(len, streams.values())), kills, wrong)


class _Nemesis:
    def __init__(
        self, store: EmbeddedStore, files: Path, clients: int, seed: int, broken: str
    ) -> None:
        self._store = store
        self._files = files
        self._clients = clients
        self._random = random.Random(seed)
        self._broken = broken
        self._started = 0
        # Forked from here, they need not load anything: a client is at work at once.
        self._context = multiprocessing.get_context("fork")

    def rage(self, seconds: float) -> int:
        """Returns how many clients were killed on the way."""
        until = time.monotonic() + seconds
        store_dies = time.monotonic() + seconds * self._random.uniform(0.3, 0.7)
        kills = 0
        with ExitStack() as stack:
            running: list[BaseProcess] = []
            stack.callback(lambda: [self._kill(client) for client in running])
            running += [self._start() for _ in range(self._clients)]
            while self._broken and time.monotonic() < until and self._written() < BROKEN_LINES:
                time.sleep(0.05)
            while not self._broken and self._goes_on(until):
                time.sleep(self._random.uniform(*KILL_EVERY_S))
                victim = self._random.randrange(len(running))
                self._kill(running[victim])
                running[victim] = self._start()
                kills += 1
                if store_dies is not None and time.monotonic() > store_dies:
                    store_dies = float("inf")
                    self._kill_store()
        return kills

    def _goes_on(self, until: float) -> bool:
        now = time.monotonic()
        return now < until or (self._written() < LEAST_LINES and now < until + LONGER_S)

    def _written(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self._files.iterdir())

    def _start(self) -> BaseProcess:
        self._started += 1
        path = self._files / f"{self._started:04d}"
        seed = self._random.randrange(1_000_000) * 10_000 + self._started
        arguments = (self._store.url, PROVIDER, seed, str(path), self._broken)
        client = self._context.Process(target=history_client.main, args=arguments, daemon=True)
        client.start()
        return client

    @staticmethod
    def _kill(client: BaseProcess) -> None:
        client.kill()
        client.join()
        client.close()

    def _kill_store(self) -> None:
        os.kill(self._store.pid, signal.SIGKILL)
        while self._store.poll() is None:
            time.sleep(0.01)
        self._store.start()
        self._store.wait_ready(READY_S)


async def _read(url: str) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    """The streams of events and the tickets' records, by queue."""
    link = Link(url, READ_MS)
    streams, records = {}, {}
    try:
        for queue in history_client.QUEUES:
            ref = QueueRef(PROVIDER, queue)
            raw = await link.do(lambda redis, ref=ref: redis.xrange(queue_key(ref, "events")))
            streams[queue] = [msgpack.unpackb(fields[b"e"]) for _, fields in raw]
            found = await link.do(lambda redis, ref=ref: redis.hgetall(queue_key(ref, "tickets")))
            records[queue] = {key.decode(): msgpack.unpackb(it) for key, it in found.items()}
    finally:
        await link.close()
    return streams, records


def _calls(path: Path) -> list[Call]:
    """A client that was killed may have written half a line last."""
    begun: dict[int, dict[str, Any]] = {}
    done: dict[int, dict[str, Any]] = {}
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            entry = json.loads(line)
            (begun if "do" in entry else done)[entry["n"]] = entry
    return [
        Call(
            entry["do"],
            entry["args"],
            entry["ms"],
            done.get(number, {}).get("ok"),
            done.get(number, {}).get("refused", ""),
        )
        for number, entry in begun.items()
    ]
