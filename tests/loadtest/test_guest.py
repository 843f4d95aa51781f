"""A guest: from the code of a link to leaving; through real nodes: tests/story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.errors import Misuse, RequestRefused
from kolapp_loadtest.guest import Guest, redeem
from kolapp_loadtest.snapshots import Snapshots
from kolapp_loadtest.wire import Message
from scripted_node import ScriptedNode

VISIT = {"id": "v1", "epoch": 5, "state": "live", "queue": "drop-in", "number": 7}


def now(version: int, state: str = "in", **fields: Any) -> Message:
    return {"type": "guest", "version": version, "you": "guest1", "state": state, **fields}


@pytest.fixture
async def guest(node: ScriptedNode) -> AsyncIterator[Guest]:
    async with Guest(node.url, "token") as guest:
        yield guest


async def test_a_guest_offers_and_leaves(node: ScriptedNode, guest: Guest) -> None:
    with pytest.raises(Misuse):
        await guest.leave()
    node.answers = {
        "offer": lambda _: {"type": "sdp_answer", "sdp": "v=0", "slots": ["patient"]},
        "hang_up": lambda _: now(4, "left"),
    }
    await node.send(now(3, visit=VISIT))
    assert await guest.until_in() == VISIT
    assert (await guest.offer("v=0", generation=2))["slots"] == ["patient"]
    await guest.leave()
    assert (guest.state, guest.visit) == ("left", None)
    offer, left = await node.receives("offer"), await node.receives("hang_up")
    assert (offer["visit"], offer["epoch"], offer["generation"]) == ("v1", 5, 2)
    assert (left["visit"], left["epoch"]) == ("v1", 5)


async def test_a_clinician_asks_in_and_out(node: ScriptedNode) -> None:
    duty = {"type": "duty", "version": 1, "on_duty": True, "queues": [], "visit": VISIT}
    invited = {"type": "invited", "visit": "v1", "guest": "guest1", "code": "c", "valid_ms": 5}
    node.answers = {"invite": lambda _: invited, "remove_guest": lambda _: duty}
    async with Clinician(node.url, "token") as clinician:
        await node.send(duty)
        await clinician.until_live()
        assert (await clinician.invite("guardian"))["code"] == "c"
        await clinician.remove_guest("guest1")
    asked = await node.receives("invite")
    assert (asked["kind"], asked["visit"], asked["epoch"]) == ("guardian", "v1", 5)
    assert asked["key"]
    assert (await node.receives("remove_guest"))["guest"] == "guest1"


async def test_a_code_is_shown_for_a_token() -> None:
    async def shown(request: web.Request) -> web.Response:
        body = await request.json()
        if body["code"] == "good":
            return web.json_response({"token": f"guest.{body['key']}"})
        return web.json_response({"code": "bad_code", "message": "No good."}, status=403)

    app = web.Application()
    app.router.add_post("/api/v1/guest", shown)
    async with TestServer(app) as server, ClientSession() as session:
        url = str(server.make_url("/"))
        assert await redeem(session, url, "good", "mine") == "guest.mine"
        with pytest.raises(RequestRefused, match="bad_code"):
            await redeem(session, url, "bad")


def test_the_newest_snapshot_counts() -> None:
    snapshots = Snapshots()
    assert snapshots.apply(now(4))
    assert not snapshots.apply(now(3, "removed"))
    assert snapshots.apply(now(4, "removed"))
    assert snapshots.guest is not None
    assert snapshots.guest["state"] == "removed"
    snapshots.reconnected()
    assert snapshots.apply(now(1))
