"""The client against a node that misbehaves on command; tests/story runs it against a real one."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from kolapp_loadtest.backoff import Backoff
from kolapp_loadtest.client import REPLY_TIMEOUT_S, SILENCE_S, KolappClient
from kolapp_loadtest.errors import ConnectionClosed, LoadtestError, NotInTime, RequestRefused
from kolapp_loadtest.in_flight import MAX_IN_FLIGHT
from kolapp_loadtest.network import Network
from kolapp_loadtest.wire import JSON, MSGPACK, Codec, Message
from scripted_node import ScriptedNode, ticket


def client_of(node: ScriptedNode, **options: Any) -> KolappClient:
    return KolappClient(node.url, "token", backoff=Backoff(first_s=0.01), **options)


@pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])
async def test_entering_waits_for_the_welcome(node: ScriptedNode, codec: Codec) -> None:
    async with client_of(node, codec=codec) as client:
        hello = await node.receives("hello")
        assert hello["token"] == "token"
        assert "resume" not in hello
        assert client.welcome is not None
        assert client.welcome["session"] == "session1"
    assert node.sockets[0].close_code == 1000


async def test_each_request_gets_its_own_reply(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        first = asyncio.create_task(client.request("find", queue="one"))
        second = asyncio.create_task(client.request("find", queue="two"))
        requests = [await node.receives("find"), await node.receives("find")]
        for request in reversed(requests):
            queue = request["queue"]
            await node.send({**ticket(1, queue=queue, ticket=queue), "re": request["id"]})
        assert (await first)["queue"] == "one"
        assert (await second)["queue"] == "two"


async def test_a_refusal_carries_its_code(node: ScriptedNode) -> None:
    node.answers["join"] = lambda _: {
        "type": "error",
        "code": "unknown_queue",
        "message": "There is no such queue.",
        "field": "$.queue",
    }
    async with client_of(node) as client:
        with pytest.raises(RequestRefused, match="no such queue") as refused:
            await client.request("join", queue="nowhere")
        assert (refused.value.code, refused.value.field) == ("unknown_queue", "$.queue")
        assert client.connected


async def test_a_request_without_reply_ends_at_its_deadline(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        with pytest.raises(NotInTime, match="`join`"):
            await client.request("join", queue="drop-in", timeout=0.01)


async def test_requests_in_flight_are_bounded(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        asked = [asyncio.create_task(client.request("join")) for _ in range(MAX_IN_FLIGHT)]
        await node.receives("join")
        with pytest.raises(LoadtestError, match="without a reply"):
            await client.request("join")
        for task in asked:
            task.cancel()


async def test_an_older_snapshot_is_ignored(node: ScriptedNode) -> None:
    seen: list[int] = []
    async with client_of(node, on_frame=lambda message, *_: seen.append(message)) as client:
        for version in (5, 4, 6):
            await node.send(ticket(version, number=version))
        newest = await client.until(lambda c: c.ticket and c.ticket["version"] == 6 and c.ticket)
        assert newest["number"] == 6
    versions = [message["version"] for message in seen if message["type"] == "ticket"]
    assert versions == [5, 4, 6]


async def test_until_wakes_at_a_push_and_gives_up_at_its_deadline(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        called = asyncio.create_task(
            client.until(lambda c: c.ticket is not None and c.ticket["state"] == "called")
        )
        await node.send(ticket(1))
        await node.send(ticket(2, state="called"))
        assert await called
        with pytest.raises(NotInTime, match="no such state"):
            await client.until(lambda c: c.ticket is None, timeout=0.01)


async def test_a_predicate_that_fails_fails_where_it_was_given(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        waiting = asyncio.create_task(client.until(lambda c: c.ticket and c.ticket["nonsense"]))
        await asyncio.sleep(0)
        await node.send(ticket(1))
        with pytest.raises(KeyError, match="nonsense"):
            await waiting
        assert client.connected


async def test_the_frame_hook_gets_time_of_arrival_and_size(node: ScriptedNode) -> None:
    frames: list[tuple[Message, int, int]] = []
    async with client_of(node, on_frame=lambda *frame: frames.append(frame)) as client:
        before = time.perf_counter_ns()
        await node.send(ticket(1))
        await client.until(lambda c: c.ticket)
        message, arrived_ns, size = frames[-1]
        assert message["type"] == "ticket"
        assert before < arrived_ns < time.perf_counter_ns()
        assert size == len(MSGPACK.encode(message))


async def test_a_lost_connection_is_resumed_and_requests_are_sent_again(
    node: ScriptedNode,
) -> None:
    async with client_of(node) as client:
        joining = asyncio.create_task(client.request("join", queue="drop-in"))
        lost = await node.receives("join")
        node.answers["join"] = lambda _: ticket(1)
        node.vanish()
        hello = await node.receives("hello")
        assert hello["resume"] == "resume1"
        assert await node.receives("join") == lost
        assert (await joining)["number"] == 7
        assert client.connections == 2


async def test_what_a_new_connection_says_first_is_the_truth(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        await node.send(ticket(90, number=1))
        await client.until(lambda c: c.ticket)
        client.drop()
        await client.until(lambda c: c.connections == 2)
        await node.send(ticket(3, number=2))
        await client.until(lambda c: c.ticket and c.ticket["number"] == 2)


@pytest.mark.parametrize("code", [1001, 1011, 4000, 4003, 4499])
async def test_the_range_says_connect_again(node: ScriptedNode, code: int) -> None:
    async with client_of(node) as client:
        await node.sockets[-1].close(code=code)
        await client.until(lambda c: c.connections == 2)


@pytest.mark.parametrize("code", [1000, 1009, 4500, 4502, 4999])
async def test_the_range_says_give_up(node: ScriptedNode, code: int) -> None:
    async with client_of(node) as client:
        joining = asyncio.create_task(client.request("join", queue="drop-in"))
        waiting = asyncio.create_task(client.until(lambda c: c.ticket))
        await node.receives("join")
        await node.sockets[-1].close(code=code, message=b"because")
        for task in (joining, waiting):
            with pytest.raises(ConnectionClosed) as closed:
                await task
            assert (closed.value.code, closed.value.reason) == (code, "because")
        with pytest.raises(ConnectionClosed):
            await client.request("ping")
    assert len(node.sockets) == 1


async def test_entering_fails_when_the_token_is_refused(node: ScriptedNode) -> None:
    node.greet = False
    entering = asyncio.create_task(client_of(node).__aenter__())
    await node.receives("hello")
    await node.sockets[-1].close(code=4501)
    with pytest.raises(ConnectionClosed) as closed:
        await entering
    assert closed.value.code == 4501


async def test_an_unreadable_frame_ends_the_client_with_a_reason(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        await node.sockets[-1].send_bytes(b"\xc1")  # the one byte MessagePack never uses
        with pytest.raises(ConnectionClosed, match="the client failed"):
            await client.until(lambda c: c.ticket)


async def test_a_quiet_client_pings(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        now_s = asyncio.get_running_loop().time()
        client.beat(now_s + 19)
        client.beat(now_s + 21)
        await node.receives("ping")
        assert node.inbox.empty()


async def test_a_node_that_says_nothing_more_is_left(node: ScriptedNode) -> None:
    async with client_of(node) as client:
        client.beat(asyncio.get_running_loop().time() + 21 + SILENCE_S)
        await client.until(lambda c: c.connections == 2)


async def test_closing_is_quick_while_nobody_answers(node: ScriptedNode) -> None:
    client = await client_of(node).__aenter__()
    node.vanish()
    await client.until(lambda c: not c.connected)
    async with asyncio.timeout(REPLY_TIMEOUT_S):
        await client.close()
    assert client.closed is not None


async def test_many_clients_cost_a_task_each_and_one_timer_for_all(node: ScriptedNode) -> None:
    async with Network() as network:
        clients = [client_of(node, network=network) for _ in range(150)]
        await asyncio.gather(*(client.__aenter__() for client in clients))
        kinds = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())
        assert kinds["KolappClient._live"] == len(clients)
        assert kinds["Network._beat"] == 1
        assert not [kind for kind in kinds if kind.startswith("ClientWebSocketResponse")]
        await asyncio.gather(*(client.close() for client in clients))
