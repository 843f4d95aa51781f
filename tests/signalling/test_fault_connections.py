"""Faults of connections, by number, each with the outcome it must have.

Those of the store are in tests/faults; a rolling restart (20) is in tests/test_workers.py, a media
node that is killed (24) in test_media_link.py and tests/test_media_nodes.py."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from typing import Any

import pytest
from drivers import QUEUE, Driver, People, Start
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import QueueError, StoreUnavailable
from kolapp_signalling import upkeep
from kolapp_signalling.app import Served
from kolapp_signalling.codes import CloseCode
from raw_socket import PING, TEXT, frame, raw_socket
from redis.asyncio import Redis
from store_servers import embedded_store
from tcp_proxy import tcp_proxy

TURN_S = 2.0  # "your turn" at the latest, when hints are lost
HERD = 80


async def test_fault_5_the_store_is_frozen(frozen: Frozen, start: Start, crowd: People) -> None:
    """Requests are answered in bounded time and acknowledge nothing, and what is shown stays; when
    it is back nothing was done twice and the next step works."""
    node = await start(store_url=frozen.url, queue_command_timeout_ms=300)
    anna, bo = await crowd.waiting(node, "anna"), await crowd.patient(node, "bo")
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    with frozen:
        async with asyncio.timeout(3):
            assert await bo.errors("join", queue=QUEUE) == "store_unavailable"
            assert await doctor.errors("pull", key="k") == "store_unavailable"
            assert (await anna.ask("ping"))["type"] == "pong"
        assert anna.state == "waiting", "nobody is sent away because the store is"
        await anna.until(lambda anna: anna.ticket["place"]["stale"])
    await until_ready(node)
    desk = await doctor.ask("pull", key="k")
    assert desk["visit"]["number"] == anna.ticket["number"]
    await anna.until_state("called")
    assert (await bo.join())["number"] == anna.ticket["number"] + 1
    line = await node.node.store.line(next(iter(node.node.queues)).ref)
    assert len(line.waiting) == 1, "the join that was not acknowledged counts once"


async def until_ready(node: Served) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await node.node.lease.check()
            except QueueError:
                await asyncio.sleep(0.02)
            else:
                return


class Frozen:
    """A store of the test's own that can be stopped and go on (SIGSTOP, SIGCONT)."""

    def __init__(self, server: EmbeddedStore) -> None:
        self.url, self._pid = server.url, server.pid

    def __enter__(self) -> Frozen:
        os.kill(self._pid, signal.SIGSTOP)
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


@pytest.fixture
def frozen(tmp_path: Any) -> Any:
    with embedded_store(tmp_path / "store") as server:
        yield Frozen(server)


async def test_fault_7_a_node_is_cut_off_from_the_store(
    own_store_url: str, start: Start, crowd: People
) -> None:
    """It is not ready, says so to who asks for anything, and nobody loses the place or the turn.
    For twenty seconds: tests/long/test_store_outages.py."""
    there = await start(store_url=own_store_url)
    async with tcp_proxy(own_store_url) as proxy:
        node = await start(store_url=proxy.url, queue_command_timeout_ms=200)
        anna = await crowd.waiting(node, "anna")
        proxy.cut()
        assert await anna.errors("join", queue=QUEUE) == "store_unavailable"
        with pytest.raises(StoreUnavailable):
            await node.node.lease.check()
        await anna.until(lambda anna: anna.ticket["place"]["stale"])
        assert (anna.state, anna.position) == ("waiting", 1)
        await crowd.waiting(there, "bo")  # the other side goes on, and tells no lie about anna
        desk = await (await crowd.clinician(there)).pull()
        assert desk["visit"]["number"] == anna.ticket["number"]
        proxy.mend()
        await anna.until_state("called")
        assert anna.ticket["call"]["visit"] == desk["visit"]["id"]


async def test_fault_8_the_subscription_is_killed_a_hundred_times(
    own_store_url: str, start: Start, crowd: People
) -> None:
    """Every turn is told within the second that a lost hint costs."""
    node, there = await start(store_url=own_store_url), await start(store_url=own_store_url)
    doctor = await crowd.clinician(there)
    await doctor.ask("ready", queues=[QUEUE])
    anna = await crowd.patient(node, "anna")
    async with Redis.from_url(own_store_url) as redis:
        killed = 0
        for turn in range(10):
            await anna.join()
            for _ in range(10):
                killed += await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await doctor.ask("pull", key=f"k{turn}")
            await anna.until(lambda anna: anna.state == "called", deadline_s=TURN_S)
            await anna.ask(
                "decline", ticket=anna.ticket["ticket"], epoch=anna.ticket["call"]["epoch"]
            )
            await doctor.until(lambda doctor: not doctor.visit)
    assert killed >= 20


async def test_fault_17_a_second_tab(start: Start, crowd: People) -> None:
    """The newest wins, on the same node and on another; the ring goes to one of them."""
    node = await start()
    first = await crowd.waiting(node, "anna")
    second = await crowd.patient(node, "anna")
    assert await first.closed() == CloseCode.TAKEN_OVER
    await second.until_state("waiting")
    doctor = await crowd.clinician(node)
    await doctor.pull()
    await second.until_state("called")
    assert [frame for frame in first.frames if frame.get("state") == "called"] == []
    assert sum(frame.get("state") == "called" for frame in second.frames) == 1


async def test_fault_21_a_herd(start: Start, crowd: People) -> None:
    """All come back at once; who is there already is told the turn meanwhile."""
    node = await start(max_ungreeted_per_address=60)
    anna = await crowd.waiting(node, "anna")
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    herd = [asyncio.create_task(_comes(node, crowd, number)) for number in range(HERD)]
    async with asyncio.timeout(TURN_S):
        await doctor.ask("pull", key="k")
        await anna.until_state("called")
    came = await asyncio.gather(*herd)
    assert all(driver.state == "waiting" for driver in came)
    assert len({driver.ticket["number"] for driver in came}) == HERD


async def _comes(node: Served, crowd: People, number: int) -> Driver:
    """As a client does that is told to come again in a moment."""
    async with asyncio.timeout(20):
        while True:
            try:
                driver = await crowd.connect(node)
            except OSError:
                continue
            except Exception as refused:
                if getattr(refused, "status", 0) != 503:
                    raise
                await asyncio.sleep(0.02)
                continue
            await driver.hello(crowd.token(node, "patient", f"herd{number}"))
            await driver.join()
            return driver


# 22, a client that never reads: test_connection.py (slow reader).


async def test_fault_23_a_cable_is_pulled(start: Start, crowd: People) -> None:
    """Noticed within ping and pong, the ticket is kept, and the patient counts as away."""
    node = await start(ping_every_ms=50, pong_timeout_ms=100, absent_after_ms=50)
    bo = await crowd.waiting(node, "bo")
    async with raw_socket(node.url) as raw:
        number = await raw.say("hello", token=crowd.token(node, "patient", "anna"))
        await raw.reply_to(number)
        number = await raw.say("join", queue=QUEUE)
        ticket = await raw.reply_to(number)
        [theirs] = [c for c in node.node.connections if c.id != session_of(node, bo)]
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]  # nothing comes back
        async with asyncio.timeout(5):
            while theirs.close_code is None:
                await node.node.hub.look_after()
                await asyncio.sleep(0.01)
        assert theirs.close_code == CloseCode.NO_PONG
    async with asyncio.timeout(10):
        while (await node.node.store.read_ticket(ref(node), ticket["ticket"])).present:
            await upkeep._some_at_a_time([p.tell_absence for p in node.node.hub.absent()])
            await asyncio.sleep(0.01)
    again = await crowd.patient(node, "anna")
    assert (await again.ask("find", queue=QUEUE))["number"] == ticket["number"]


def ref(node: Served) -> Any:
    return next(iter(node.node.queues)).ref


def session_of(node: Served, driver: Driver) -> str:
    [session] = [s for s in node.node.hub._sessions if s.id == driver.welcome["session"]]
    return session.connection


OUT_OF_ORDER = [
    ("answer", {"ticket": "$ticket", "epoch": 1}),
    ("decline", {"ticket": "$ticket", "epoch": 9}),
    ("offer", {"visit": "none", "epoch": 1, "generation": 1, "sdp": "v=0\r\n"}),
    ("hang_up", {"visit": "none", "epoch": 1}),
    ("leave", {"ticket": "another"}),
]


async def test_fault_25_what_comes_too_early_too_late_and_twice(
    node: Served, crowd: People
) -> None:
    """A typed error each, nothing changes, and nothing is left behind."""
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    for kind, fields in OUT_OF_ORDER:
        fields = {k: anna.ticket["ticket"] if v == "$ticket" else v for k, v in fields.items()}
        assert await anna.errors(kind, **fields) in ("wrong_state", "no_ticket", "no_visit")
    await doctor.pull()
    await anna.answer()
    epoch = doctor.visit["epoch"]
    again = await anna.ask("answer", ticket=anna.ticket["ticket"], epoch=epoch)
    assert again["state"] == "in_visit", "twice is once"
    assert await anna.errors("answer", ticket=anna.ticket["ticket"], epoch=epoch + 7) in (
        "stale_epoch",
        "wrong_state",
    )
    visit = {"visit": doctor.visit["id"], "epoch": epoch}
    ended = await doctor.ask("hang_up", **visit)
    assert not ended.get("visit")
    assert (await doctor.ask("hang_up", **visit))["type"] in ("duty", "error")
    assert await anna.errors("offer", **visit, generation=1, sdp="v=0\r\n") in (
        "wrong_state",
        "no_visit",
        "stale_epoch",
    )
    assert (await anna.ask("ping"))["type"] == "pong"


async def test_unread_pings_and_texts_of_a_dead_peer_do_not_pile_up(node: Served) -> None:
    async with raw_socket(node.url) as raw:
        endpoint = raw.writer.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        await raw.send(frame(TEXT, json.dumps({"type": "ping", "id": 1}).encode()), frame(PING))
        raw.writer.transport.abort()
    async with asyncio.timeout(5):
        while node.node.connections:  # noqa: ASYNC110  # an end has no event
            await asyncio.sleep(0.01)
