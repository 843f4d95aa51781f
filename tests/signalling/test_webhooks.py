"""A backend that hears what happens to tickets: a real server, a store of its own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import pytest
from aiohttp import web
from kolapp_queue import keys
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import ClinicianKey, PatientKey, QueueRef, TicketId
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_signalling import webhooks
from kolapp_signalling.development import prepare
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from kolapp_signalling.tasks import Tasks
from kolapp_signalling.webhook import headers
from store_servers import embedded_store
from stub_server import at_free_port

SECRET = b"s" * 32
DEADLINE_S = 20.0
ANNA, DOCTOR = PatientKey("anna"), ClinicianKey("doctor")


@dataclass
class Backend:
    """Answers with `statuses`, one after the other, then with 204."""

    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        sent = {name.lower(): value for name, value in request.headers.items()}
        now_s = int(sent["webhook-timestamp"])
        signed = headers(SECRET, sent["webhook-id"], now_s, body)
        assert signed.items() <= sent.items()
        status = self.statuses.pop(0) if self.statuses else 204
        self.heard.append((status, sent, json.loads(body)))
        self.news.set()
        away = {"Location": "/elsewhere"} if status in (301, 302, 307, 308) else None
        return web.Response(status=status, headers=away)

    def told(self, *statuses: int) -> list[str]:
        """What was answered so, in its order."""
        return [body["type"] for status, _, body in self.heard if status in (statuses or (204,))]

    async def until(self, count: int, *statuses: int) -> list[str]:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.told(*statuses)) < count:
                await self.news.wait()
                self.news.clear()
        return self.told(*statuses)


class Tally(Counter[str]):
    """How often a node told what."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def count(self, what: str) -> None:
        self[what] += 1
        self._news.set()

    async def until(self, **wanted: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while any(self[what] < count for what, count in wanted.items()):
                self._news.clear()
                await self._news.wait()
        assert self == wanted


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    backend = Backend()
    async with at_free_port(web.post("/hooks", backend.hear)) as url:
        backend.url = f"{url}/hooks"
        yield backend


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with embedded_store(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture
async def store(
    server: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[QueueStore]:
    """Empty; and the sender hurries."""
    for name in ("_POLL_S", "_PAUSE_S", "_MOST_PAUSE_S"):
        monkeypatch.setattr(webhooks, name, 0.02)
    store = await QueueStore.connect(server.url, QueueSettings())
    await store._link.do(lambda redis: redis.flushall())
    yield store
    await store.close()


@pytest.fixture
def ref(store: QueueStore) -> QueueRef:
    return QueueRef("clinic", "drop-in")


@asynccontextmanager
async def telling(server: EmbeddedStore, backend: Backend, **settings: Any) -> AsyncIterator[Tally]:
    """A node that tells."""
    tally = Tally()
    named = {"store_url": server.url, "webhook_url": backend.url, "webhook_secret": SECRET}
    tasks = Tasks()
    webhooks.keep_webhooks(Settings(**(named | settings)), tasks, tally.count)
    try:
        yield tally
    finally:
        await tasks.stop()


async def all_passed(store: QueueStore, ref: QueueRef) -> None:
    """Until the next one would begin behind the last event there is."""
    events, at = keys.queue_key(ref, "events"), f"at:{ref.provider}/{ref.queue}"
    [(newest, _)] = await store._link.do(lambda redis: redis.xrevrange(events, count=1))
    async with asyncio.timeout(DEADLINE_S):
        while True:
            passed = await store._link.do(lambda redis: redis.hget(keys.WEBHOOK, at)) or b""
            if passed.split(b" ")[0] == newest:
                return


async def join(store: QueueStore, ref: QueueRef, name: str) -> TicketId:
    ticket = await store.join(ref, PatientKey(name), TicketId(f"t-{name}"), f"{name}-1")
    return ticket.id


async def test_the_backend_hears_of_who_would_have_been_called(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    async with telling(server, backend) as tally:
        anna = await join(store, ref, "anna")
        await store.detach(ref, anna, "anna-1")
        await store.set_notice(ref, "Late.", "operator")
        await store.set_duty(ref.provider, DOCTOR, [ref.queue])
        assert await store.pull(ref.provider, DOCTOR, "k") is None
        told = await backend.until(3)
        assert told == ["ticket.join", "ticket.go_away", "ticket.called_away"]
        data = backend.heard[-1][2]["data"]
        assert (data["ticket"], data["patient"], data["state"]) == (anna, ANNA, "waiting")
        assert "doctor" not in str(backend.heard)
        await tally.until(told=3)
    ids = [sent["webhook-id"] for _, sent, _ in backend.heard]
    assert len(set(ids)) == 3


async def test_only_the_steps_that_were_asked_for(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    async with telling(server, backend, webhook_events=("leave",)):
        await store.leave(ref, await join(store, ref, "anna"), ANNA)
        assert await backend.until(1) == ["ticket.leave"]


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
async def test_what_the_backend_does_not_take_now_comes_again_in_its_order(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend, status: int
) -> None:
    backend.statuses = [status, status]
    async with telling(server, backend) as tally:
        await store.leave(ref, await join(store, ref, "anna"), ANNA)
        assert await backend.until(2) == ["ticket.join", "ticket.leave"]
        assert backend.told(status) == ["ticket.join"] * 2
        await tally.until(failed=2, told=2)
    assert len({sent["webhook-id"] for _, sent, _ in backend.heard[:3]}) == 1


async def test_a_backend_that_does_not_answer_is_asked_again(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    url, backend.url = backend.url, "http://127.0.0.1:1/hooks"
    async with telling(server, backend) as tally:
        await join(store, ref, "anna")
        await tally.until(failed=1)
    backend.url = url
    async with telling(server, backend):
        assert await backend.until(1) == ["ticket.join"]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
async def test_what_would_be_refused_again_is_passed_over(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend, status: int
) -> None:
    backend.statuses = [status]
    async with telling(server, backend) as tally:
        await store.leave(ref, await join(store, ref, "anna"), ANNA)
        assert await backend.until(1) == ["ticket.leave"]
        assert backend.told(status) == ["ticket.join"]
        await tally.until(refused=1, told=1)


async def test_one_of_two_nodes_tells_and_the_other_goes_on_after_it(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    async with telling(server, backend) as second, telling(server, backend) as first:
        names = [f"p{number}" for number in range(20)]
        for name in names:
            await join(store, ref, name)
        await backend.until(len(names))
        busy, idle = (first, second) if first else (second, first)
        await busy.until(told=len(names))
        assert not idle
        await all_passed(store, ref)
    async with telling(server, backend) as third:
        await store.leave(ref, TicketId("t-p0"), PatientKey("p0"))
        await backend.until(len(names) + 1)
        await third.until(told=1)
    assert backend.told() == ["ticket.join"] * len(names) + ["ticket.leave"]


async def test_what_is_too_old_is_not_told_any_more(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    long_ago = {
        "step": "join", "ms": 1, "ticket": "t", "patient": "p", "number": 1, "state": "waiting",
        "reason": "",
    }  # fmt: skip
    key = keys.queue_key(ref, "events")
    await store._link.do(lambda redis: redis.xadd(key, {"e": msgpack.packb(long_ago)}))
    async with telling(server, backend) as tally:
        await store.leave(ref, await join(store, ref, "anna"), ANNA)
        assert await backend.until(2) == ["ticket.join", "ticket.leave"]
        await tally.until(old=1, told=2)


async def test_nothing_is_told_where_no_backend_is_configured(
    server: EmbeddedStore, store: QueueStore, ref: QueueRef, backend: Backend
) -> None:
    async with telling(server, backend, webhook_url=""):
        await join(store, ref, "anna")
    assert await store._link.do(lambda redis: redis.exists(keys.WEBHOOK)) == 0


def test_a_backend_that_cannot_know_who_tells_it_is_refused(tmp_path: Path) -> None:
    plain = Settings(data_dir=tmp_path, webhook_url="https://care.example/hooks")
    with pytest.raises(StartRefused, match="KOLAPP_WEBHOOK_SECRET"):
        prepare(plain, SIGNALLING)
