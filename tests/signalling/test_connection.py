"""One socket against a client that does not behave: everything is answered, nothing is changed."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from typing import Any

import msgpack
import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from drivers import ENCODINGS, QUEUE, Driver, People, Start
from kolapp_queue.model import QueueRef
from kolapp_signalling.app import Served
from kolapp_signalling.codes import CloseCode
from kolapp_signalling.connection import Connection
from raw_socket import TEXT, frame

GARBAGE: dict[str, dict[str, bytes]] = {
    "kolapp.v1.json": {
        "not JSON": b"hello?",
        "empty": b"",
        "not a number": b'{"type":"ping","id":NaN}',
        "field twice": b'{"type":"join","id":7,"queue":"drop-in","queue":"drop-in"}',
        "deep": b'{"type":"join","id":7,"queue":' + b"[" * 50_000,
        "unknown type": b'{"type":"drop_tables","id":7}',
        "missing field": b'{"type":"join","id":7}',
        "wrong type": b'{"type":"leave","id":7,"ticket":["a"]}',
        "huge number": b'{"type":"answer","id":7,"ticket":"a","epoch":99999999999999999999}',
    },
    "kolapp.v1.msgpack": {
        "not MessagePack": b"\xc1",
        "empty": b"",
        "not a number": msgpack.packb({"type": "ping", "id": float("nan")}),
        "field twice": b"\x83\xa2id\x01\xa2id\x07\xa4type\xa4ping",
        "deep": b"\x83\xa2id\x07\xa4type\xa4join\xa5queue" + b"\x91" * 50_000,
        "no UTF-8": b"\x83\xa2id\x07\xa4type\xa4join\xa5queue\xa1\xff",
        "4 G elements": b"\xdd\xff\xff\xff\xff",
        "extension": msgpack.packb({"type": "join", "id": 7, "queue": msgpack.ExtType(1, b"a")}),
        "missing field": msgpack.packb({"type": "join", "id": 7}),
        "wrong type": msgpack.packb({"type": "leave", "id": 7, "ticket": ["a"]}),
    },
}


async def version(node: Served) -> int:
    return await node.node.store.version(QueueRef(node.node.settings.demo_provider, QUEUE))


@pytest.mark.parametrize(
    ("encoding", "name"), [(e, name) for e, table in GARBAGE.items() for name in table]
)
async def test_bad_input_17_garbage_is_answered_and_changes_nothing(
    node: Served, crowd: People, encoding: str, name: str
) -> None:
    crowd.subprotocol = encoding
    anna = await crowd.waiting(node, "anna")
    before = await version(node)
    await anna.send_raw(GARBAGE[encoding][name])
    while (reply := await anna.receive())["type"] != "error":
        assert reply["type"] == "ticket"  # a place that was under way
    assert reply["code"] == "bad_message"
    assert reply.get("re") in (None, 7)
    assert "Traceback" not in reply["message"]
    assert ".py" not in reply["message"]
    # The connection lives on, and the queue is as it was.
    assert (await anna.ask("ping"))["type"] == "pong"
    assert (await anna.ask("find", queue=QUEUE))["place"]["position"] == 1
    assert await version(node) == before


async def test_an_error_names_the_field_and_the_request(node: Served, town: People) -> None:
    anna = await town.patient(node, "anna")
    reply = await anna.ask("join", queue=5)
    assert (reply["code"], reply["field"]) == ("bad_message", "queue")


async def test_the_frames_of_the_other_encoding_are_refused(node: Served, town: People) -> None:
    anna = await town.patient(node, "anna")
    await anna.send_raw(json.dumps({"type": "ping", "id": 9}).encode(), binary=not anna.binary)
    reply = await anna.reply_to(None)
    assert reply["code"] == "bad_message"
    assert (await anna.ask("ping"))["type"] == "pong"


async def test_too_many_bad_messages_in_a_row_close(start: Start, town: People) -> None:
    node = await start(errors_before_close=3)
    anna = await town.patient(node, "anna")
    for _ in range(2):
        assert await anna.errors("nonsense") == "bad_message"
    assert (await anna.ask("ping"))["type"] == "pong"  # a good one begins the count anew
    for _ in range(3):
        await anna.send("nonsense")
    assert await anna.closed() == 4503
    assert [frame["type"] for frame in anna.frames[-3:]] == ["error"] * 3


@pytest.mark.parametrize("size", [65_537, 1_048_576])
async def test_a_frame_that_is_too_large_closes(node: Served, crowd: People, size: int) -> None:
    bo = await crowd.waiting(node, "bo")
    anna = await crowd.waiting(node, "anna")
    before = await version(node)
    await anna.send_raw(b"x" * size)
    assert await anna.closed() == 1009
    assert (await bo.ask("ping"))["type"] == "pong"
    assert await version(node) == before


async def test_the_largest_frame_is_read(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    await anna.send_raw(b"x" * 65_536)
    assert (await anna.reply_to(None))["code"] == "bad_message"


async def test_a_client_without_our_subprotocol_is_told_so(node: Served) -> None:
    async with ClientSession() as session, session.ws_connect(node.url + "/ws") as ws:
        await ws.receive()
        assert ws.close_code == 4504


async def test_compression_is_not_negotiated(node: Served, crowd: People) -> None:
    anna = await crowd.connect(node, compress=15)
    assert anna.ws.compress == 0


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "x"])
async def test_a_foreign_web_origin_is_refused_before_the_upgrade(
    node: Served, crowd: People, origin: str
) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await crowd.connect(node, origin=origin)
    assert caught.value.status == 403


async def test_our_own_and_trusted_origins_may_connect(start: Start, crowd: People) -> None:
    node = await start(trusted_origins=("https://care.example",))
    for origin in (node.url, "https://care.example"):
        anna = await crowd.connect(node, origin=origin)
        assert not anna.ws.closed


async def test_a_full_node_sends_clients_elsewhere(start: Start, crowd: People) -> None:
    node = await start(max_connections=1)
    await crowd.patient(node, "anna")
    with pytest.raises(WSServerHandshakeError) as caught:
        await crowd.connect(node)
    assert caught.value.status == 503


async def test_requests_are_answered_in_order_each_once(node: Served, town: People) -> None:
    anna = await town.patient(node, "anna")
    kinds = [("join", {"queue": QUEUE}), ("ping", {}), ("find", {"queue": QUEUE}), ("pull", {})]
    sent = [await anna.send(kind, **fields) for kind, fields in kinds * 5]
    await anna.until(lambda anna: any(frame.get("re") == sent[-1] for frame in anna.frames))
    replies = [frame["re"] for frame in anna.frames if "re" in frame]
    assert replies[1:] == sent  # the first is the welcome's


async def test_a_fast_client_is_read_slowly(start: Start, crowd: People) -> None:
    node = await start(messages_per_s=5)
    anna = await crowd.patient(node, "anna")
    began = asyncio.get_running_loop().time()
    for _ in range(12):
        last = await anna.send("ping")
    await anna.reply_to(last)
    assert asyncio.get_running_loop().time() - began >= 1.0
    assert sum(frame["type"] == "pong" for frame in anna.frames) == 12


async def test_the_clients_own_pings_are_answered(node: Served, crowd: People) -> None:
    anna = await crowd.connect(node, autoping=False)
    await anna.ws.ping(b"are you there")
    pong = await anna.ws.receive()
    assert (pong.type.name, pong.data) == ("PONG", b"are you there")


async def test_a_silent_client_is_pinged_and_then_given_up(start: Start, crowd: People) -> None:
    node = await start(ping_every_ms=50, pong_timeout_ms=50)
    anna = await crowd.connect(node, autoping=False)
    await anna.send("hello", token="")  # not even a token: sockets are looked after all the same
    dead = await crowd.patient(node, "anna")
    dead.ws._autoping = False  # type: ignore[attr-defined]  # a client that answers no ping
    async with asyncio.timeout(5):
        closed = asyncio.create_task(closed_raw(dead))
        while not closed.done():  # sooner than once a second
            await node.node.hub.look_after()
            await asyncio.wait([closed], timeout=0.02)
    assert closed.result() == 4002


async def closed_raw(driver: Driver) -> int:
    while not driver.ws.closed:
        await driver.ws.receive()
    return int(driver.ws.close_code or 0)


class Deaf:
    """A client that asks and asks and never reads."""

    def __init__(self, node: Served) -> None:
        host, port = node.url.removeprefix("http://").split(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.connect((host, int(port)))
        self._socket.setblocking(False)

    def __enter__(self) -> Deaf:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def upgrade(self) -> None:
        head = (
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: kolapp.v1.json\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, head.encode())
        assert b" 101 " in await loop.sock_recv(self._socket, 4_096)

    async def say(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        await asyncio.get_running_loop().sock_sendall(self._socket, frame(TEXT, data))

    async def asks_for_ever(self) -> None:
        for number in itertools.count(2):
            await self.say({"type": "find", "id": number, "queue": "x" * 64})


async def test_fault_22_who_does_not_read_is_closed_and_others_do_not_notice(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kolapp_signalling.connection._CLOSE_S", 0.1)  # it answers no goodbye
    node = await start(messages_per_s=100_000, frames_per_s=10**6, outbox_limit=8)
    bo = await crowd.waiting(node, "bo")
    [known] = node.node.connections
    with Deaf(node) as deaf:
        await deaf.upgrade()
        await deaf.say({"type": "hello", "id": 1, "token": crowd.token(node, "patient", "anna")})
        while known in node.node.connections and len(node.node.connections) < 2:
            await bo.ask("ping")
        [ours] = node.node.connections - {known}
        shrink(ours)
        with pytest.raises(ConnectionError):
            await deaf.asks_for_ever()
    assert ours.close_code == CloseCode.SLOW_READER
    assert (await bo.ask("ping"))["type"] == "pong"


async def test_a_slow_reader_gets_the_latest_snapshot_and_every_reply(
    start: Start, crowd: People
) -> None:
    node = await start(outbox_limit=4_096, messages_per_s=100_000, frames_per_s=10**6)
    anna = await crowd.waiting(node, "anna")
    [ours] = node.node.connections
    shrink(ours)
    anna.ws.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    held = 0
    sent = []
    while held < 10:  # until the transport is full and replies are held back
        sent.append(await anna.send("find", queue="x" * 64))
        while len(sent) % 50 == 0 and answered(node) < len(sent):  # noqa: ASYNC110  # a counter
            await asyncio.sleep(0)
        held = len(ours._replies)
    for name in ("bo", "cleo"):
        await crowd.waiting(node, name)
    # What is held goes out once there is room again, and not when somebody looks after sockets.
    newest = {"position": 1, "waiting": 3}
    await anna.until(lambda anna: newest.items() <= anna.ticket["place"].items(), deadline_s=3)
    if anna.frames[-1].get("re") != sent[-1]:
        await anna.until(lambda anna: any(f.get("re") == sent[-1] for f in anna.frames))
    replies = [frame["re"] for frame in anna.frames if frame.get("re", 0) >= sent[0]]
    assert replies == sent


def answered(node: Served) -> float:
    """How many requests were asked about a queue that is not there."""
    return float(node.node.metrics.requests.labels("find", "unknown_queue")._value.get())


def shrink(connection: Connection) -> None:
    """Give the kernel little room, so that a slow reader is felt soon."""
    endpoint = connection._transport.get_extra_info("socket")
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)


def test_both_encodings_are_tested() -> None:
    assert set(GARBAGE) == set(ENCODINGS)
