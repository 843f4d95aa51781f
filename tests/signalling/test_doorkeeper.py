"""Limits of sockets and of bad tokens, by address."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from ipaddress import ip_network

import pytest
from aiohttp import WSServerHandshakeError
from drivers import People, Start
from kolapp_signalling.doorkeeper import _MOST_REMEMBERED, Doorkeeper, Full


def doorkeeper(most: int = 9, of_address: int = 9, ungreeted: int = 9) -> Doorkeeper:
    return Doorkeeper(most, of_address, ungreeted, lambda: 0.0)


def refused(keeper: Doorkeeper, address: str) -> bool:
    try:
        with keeper.let_in(address):
            return False
    except Full:
        return True


def test_a_node_and_an_address_have_so_many_sockets() -> None:
    keeper = doorkeeper(most=3, of_address=2)
    with ExitStack() as open_sockets:
        for address in ("a", "a", "b"):
            open_sockets.enter_context(keeper.let_in(address))
            assert refused(keeper, "a") == (keeper.sockets >= 2)
        assert refused(keeper, "c"), "the node is full"
    assert (keeper.sockets, refused(keeper, "a")) == (0, False)
    assert not keeper._of_address
    assert not keeper._ungreeted


def test_who_has_said_who_they_are_makes_room_once() -> None:
    keeper = doorkeeper(ungreeted=1)
    with keeper.let_in("a") as anna:
        assert refused(keeper, "a")
        assert not refused(keeper, "b")
        anna.greeted()
        anna.greeted()
        with keeper.let_in("a"):
            assert refused(keeper, "a")


def test_bad_tokens_cost_more_and_more_time_and_are_forgiven() -> None:
    now = [0.0]
    keeper = Doorkeeper(9, 9, 9, lambda: now[0])
    waits = [keeper.failed("a") for _ in range(14)]
    assert waits == [0, 0, 0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
    assert keeper.failed("b") == 0
    now[0] = 61
    assert keeper.failed("a") == 0


def test_so_many_addresses_are_remembered() -> None:
    keeper = doorkeeper()
    for number in range(_MOST_REMEMBERED + 5):
        keeper.failed(f"address {number}")
    assert len(keeper._failures) == _MOST_REMEMBERED


async def test_an_address_that_opens_sockets_and_says_nothing_gets_no_more(
    start: Start, crowd: People
) -> None:
    node = await start(max_ungreeted_per_address=2)
    anna = await crowd.patient(node, "anna")
    silent = [await crowd.connect(node) for _ in range(2)]
    with pytest.raises(WSServerHandshakeError) as caught:
        await crowd.connect(node)
    assert (caught.value.status, caught.value.headers and caught.value.headers["Retry-After"]) == (
        503,
        "1",
    )
    assert (await anna.ask("ping"))["type"] == "pong", "who is greeted does not notice"
    await silent[0].ws.close()
    async with asyncio.timeout(5):
        while node.node.entrance.doorkeeper._ungreeted["127.0.0.1"] > 1:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await crowd.patient(node, "bo")


async def test_bad_input_28_a_forged_header_dodges_no_limit(start: Start, crowd: People) -> None:
    plain = await start(max_per_address=1)
    behind = await start(max_per_address=1, trusted_proxies=(ip_network("127.0.0.1/32"),))
    for node, may in ((plain, False), (behind, True)):
        await crowd.connect(node, headers={"X-Forwarded-For": "198.51.100.1"})
        other = {"X-Forwarded-For": "198.51.100.2"}
        if may:
            await crowd.connect(node, headers=other)
            other = {"X-Forwarded-For": "198.51.100.77, 198.51.100.2"}  # the first is made up
        with pytest.raises(WSServerHandshakeError):
            await crowd.connect(node, headers=other)
