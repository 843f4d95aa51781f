"""TURN credentials: who gets them, for how long, and what Debian's coturn makes of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aioice.stun import TransactionError
from aioice.turn import create_turn_endpoint
from drivers import People, Start
from kolapp_signalling.app import Served
from kolapp_signalling.relays import Relays
from turn_servers import coturn

URLS = ("turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp")
VISITS = itertools.count()  # quotas count by visit
SECRET = b"a secret of thirty-two bytes...."


def test_a_name_says_when_it_ends_and_whose_it_is() -> None:
    [server] = Relays(URLS, SECRET, 600).of("visit", "patient", 1_000.9)
    assert server.urls == list(URLS)
    assert server.username == "1600:visit.patient"
    wanted = hmac.digest(SECRET, b"1600:visit.patient", hashlib.sha1)
    assert base64.b64decode(server.credential) == wanted


def test_without_servers_there_are_none() -> None:
    assert Relays().of("visit", "patient", 0.0) == []


async def test_the_two_of_a_visit_get_their_own_until_it_ends(start: Start, crowd: People) -> None:
    node = await start(turn_urls=URLS, turn_secret=SECRET, turn_ttl_s=300)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    bo = await crowd.waiting(node, "bo")
    assert anna.welcome["relays"]
    await doctor.pull()
    await anna.until_state("called")
    call = anna.ticket["call"]
    request = {"visit": call["visit"], "epoch": call["epoch"]}
    theirs = [await one.ask("relays", **request) for one in (anna, doctor)]
    names = [reply["servers"][0]["username"] for reply in theirs]
    assert [name.partition(":")[2] for name in names] == [
        f"{request['visit']}.patient",
        f"{request['visit']}.clinician",
    ]
    assert [reply["ttl_ms"] for reply in theirs] == [300_000, 300_000]
    assert await bo.errors("relays", **request) == "no_visit"
    stale = request | {"epoch": request["epoch"] - 1}
    assert await anna.errors("relays", **stale) == "stale_epoch"
    await anna.answer()
    assert (await anna.ask("relays", **request))["servers"]
    await doctor.ask("hang_up", **request)
    await anna.until_state("completed")
    assert await doctor.errors("relays", **request) == "wrong_state"
    assert await anna.errors("relays", **request) in ("wrong_state", "no_visit")


async def test_who_waits_gets_relays_for_the_leg_that_is_prepared(
    start: Start, crowd: People
) -> None:
    node = await start(turn_urls=URLS, turn_secret=SECRET)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    room = {"visit": "room", "epoch": 0}
    [server] = (await anna.ask("relays", **room))["servers"]
    assert server["username"].partition(":")[2] == f"room-{anna.welcome['session']}.patient"
    assert await doctor.errors("relays", **room) == "no_visit"
    await doctor.ask("ready", queues=["drop-in"])
    assert (await doctor.ask("relays", **room))["servers"]
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    assert await anna.errors("relays", **room) == "no_visit"


async def test_a_node_without_relays_says_so(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    assert not anna.welcome.get("relays")


# 27: credentials that are too old, of somebody else or used too often, and internal addresses


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    with coturn(tmp_path_factory.mktemp("coturn"), SECRET.decode()) as address:
        yield address


def credentials(turn: tuple[str, int], now_s: float, secret: bytes = SECRET) -> tuple[str, str]:
    [server] = Relays((f"turn:{turn[0]}:{turn[1]}",), secret, 600).of(
        f"visit{next(VISITS)}", "patient", now_s
    )
    return server.username, server.credential


@asynccontextmanager
async def allocation(turn: tuple[str, int], user: tuple[str, str]) -> AsyncIterator[Any]:
    transport, _ = await create_turn_endpoint(asyncio.DatagramProtocol, turn, *user)
    inner = transport._TurnTransport__inner_protocol  # no public way
    try:
        yield inner
    finally:
        await inner.delete()


async def test_fault_27_ours_are_let_in_and_no_other(turn: tuple[str, int]) -> None:
    now = time.time()
    async with allocation(turn, credentials(turn, now)) as ours:
        assert ours.relayed_address[0] == "127.0.0.1"
    name, password = credentials(turn, now)
    for refused in (
        credentials(turn, now - 700),  # over since 100 s
        credentials(turn, now, b"another secret of thirty-two byt"),
        (name.replace("visit", "other"), password),
    ):
        with pytest.raises(TransactionError):
            async with allocation(turn, refused):
                pass


async def test_fault_27_copied_credentials_open_no_thousand(turn: tuple[str, int]) -> None:
    user = credentials(turn, time.time())
    async with AsyncExitStack() as opened:
        for _ in range(8):
            await opened.enter_async_context(allocation(turn, user))
        with pytest.raises(TransactionError):
            await opened.enter_async_context(allocation(turn, user))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"]
)
async def test_fault_27_internal_addresses_stay_out_of_reach(
    turn: tuple[str, int], address: str
) -> None:
    async with allocation(turn, credentials(turn, time.time())) as ours:
        await ours.channel_bind(0x4000, ("198.51.100.7", 9))  # elsewhere it may
        with pytest.raises(TransactionError):
            await ours.channel_bind(0x4001, (address, 9))
