"""The one connection that all commands share: order, loss, silence and bounds."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from kolapp_queue import wire
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.link import client
from kolapp_queue.wire import WireClient
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path)
    server.start()
    server.wait_ready(10)
    yield server
    server.stop()


@pytest.fixture
async def redis(server: EmbeddedStore) -> AsyncIterator[WireClient]:
    redis = client(server.url, socket_timeout=None)  # as `Link` has it
    assert isinstance(redis, WireClient)
    yield redis
    await redis.aclose()


async def test_everybody_gets_their_own_answer_over_one_connection(redis: WireClient) -> None:
    await redis.set("word", "here")

    async def ask(number: int) -> object:
        if number % 3 == 0:
            return await redis.incr(f"n{number}")
        if number % 3 == 1:
            return await redis.get("word")
        return await redis.lpush("word", "a list it is not")

    got = await asyncio.gather(*map(ask, range(300)), return_exceptions=True)
    assert got[0::3] == [1] * 100
    assert got[1::3] == [b"here"] * 100
    assert all(isinstance(one, ResponseError) for one in got[2::3])
    assert len(await redis.client_list()) == 1


async def test_answers_have_the_shapes_that_redis_py_gives_them(redis: WireClient) -> None:
    await redis.hset("hash", mapping={"a": 1, "b": 2})
    await redis.sadd("set", "x", "y")
    await redis.zadd("sorted", {"m": 1.5})
    assert await redis.hgetall("hash") == {b"a": b"1", b"b": b"2"}
    assert await redis.smembers("set") == {b"x", b"y"}
    assert await redis.zrange("sorted", 0, -1, withscores=True) == [[b"m", 1.5]]
    assert await redis.script_load("return 1")
    assert (await redis.config_get("appendfsync"))["appendfsync"] == "always"


async def test_a_lost_connection_is_told_to_all_and_replaced(
    server: EmbeddedStore, redis: WireClient
) -> None:
    await redis.set("kept", "yes")
    os.kill(server.pid, signal.SIGSTOP)
    asked = [asyncio.create_task(redis.get("kept")) for _ in range(5)]
    await asyncio.sleep(0)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in got} == {LostConnection}
    with pytest.raises(LostConnection):
        await redis.get("kept")
    server.start()
    server.wait_ready(10)
    assert await redis.get("kept") == b"yes"


async def test_a_connection_that_has_fallen_silent_is_given_up(
    server: EmbeddedStore, redis: WireClient
) -> None:
    """Who gave up early enough does nobody harm; who waited long enough spares the others."""
    await redis.ping()
    line = redis._line
    assert line is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        hasty = asyncio.create_task(redis.ping())
        await asyncio.sleep(0)
        hasty.cancel()
        await asyncio.wait([hasty])
        assert not line.lost
        other = asyncio.create_task(redis.ping())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * wire.SILENCE_S):
                await redis.ping()
        with pytest.raises(LostConnection, match="given up"):
            await other
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert await redis.ping()
    assert redis._line is not line


async def test_too_many_at_once_are_refused_by_name(
    redis: WireClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_ASKED", 3)
    await redis.ping()
    got = await asyncio.gather(*(redis.ping() for _ in range(5)), return_exceptions=True)
    assert got[:3] == [True] * 3
    assert [str(error) for error in got[3:] if isinstance(error, RedisError)] == [wire.OVERFLOW] * 2


async def test_a_store_that_refuses_the_password_is_no_lost_connection(
    server: EmbeddedStore, redis: WireClient
) -> None:
    await redis.config_set("requirepass", "secret")
    stranger = client(server.url)
    with pytest.raises(RedisError, match=r"(?i)auth"):
        await stranger.ping()
    await stranger.aclose()
    friend = client(f"{server.url}?password=secret")
    assert await friend.ping()
    await friend.aclose()
