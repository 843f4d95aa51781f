"""Guests over REST: the provider's backend, and whoever has a link."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from drivers import QUEUE, People, Start
from guests import enter, of, people_in, show, visit_of
from kolapp_signalling.app import Served
from kolapp_signalling.guest_rest import OPERATIONS
from kolapp_signalling.rest import Operation
from rest_client import RestClient

TWO = ["patient", "clinician"]


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


def backend(http: ClientSession, node: Served, crowd: People) -> RestClient:
    return RestClient(http, node, crowd.token(node, "backend", "booking"))


def guests(visit: str, queue: str = QUEUE) -> str:
    return f"/queues/{queue}/visits/{visit}/guests"


async def test_the_backend_invites_and_removes(
    start: Start, crowd: People, http: ClientSession
) -> None:
    here, there = await start(), await start()
    anna, doctor = await visit_of(here, crowd)
    asks, path = backend(http, there, crowd), guests(anna.visit["id"])
    made = await asks.ask("POST", path, {"kind": "interpreter"})
    assert (made.status, made.body["guest"]) == (200, "guest1")
    await doctor.until(lambda doctor: doctor.visit["invited"])
    answer = await show(here, made.body["code"])
    guest = await enter(there, crowd, answer.body["token"])
    await anna.until(lambda anna: people_in(anna) == [*TWO, "guest1"])
    for _ in range(2):
        removed = await asks.ask("DELETE", f"{path}/guest1")
        assert (removed.status, removed.body) == (200, {"guest": "guest1"})
    assert await guest.closed() == 4507
    await anna.until(lambda anna: people_in(anna) == TWO)


async def test_asked_again_with_its_key_it_is_the_same_invitation(
    node: Served, crowd: People, http: ClientSession
) -> None:
    anna, _ = await visit_of(node, crowd)
    asks, path = backend(http, node, crowd), guests(anna.visit["id"])
    once = [await asks.ask("POST", path, {"kind": "guardian", "key": "k"}) for _ in range(2)]
    assert [made.body["guest"] for made in once] == ["guest1", "guest1"]
    assert once[0].body["code"] != once[1].body["code"]
    other = await asks.ask("POST", path, {"kind": "guardian"})
    assert other.body["guest"] == "guest2"
    full = await asks.ask("POST", path, {"kind": "guardian"})
    assert (full.status, full.body["code"]) == (409, "guests_full")


async def test_what_is_not_there_is_not_found(
    node: Served, crowd: People, http: ClientSession
) -> None:
    anna, _ = await visit_of(node, crowd)
    asks, visit = backend(http, node, crowd), anna.visit["id"]
    for path, code in (
        (guests("nothing"), "no_visit"),
        (guests("a%20b"), "no_visit"),
        (guests(visit, "nowhere"), "unknown_queue"),
    ):
        answer = await asks.ask("POST", path, {"kind": "guardian"})
        assert (answer.status, answer.body["code"]) == (404, code)
    answer = await asks.ask("DELETE", guests(visit) + "/patient")
    assert (answer.status, answer.body["code"], answer.body["field"]) == (404, "no_visit", "guest")
    answer = await asks.ask("POST", guests(visit), {"kind": "friend"})
    assert (answer.status, answer.body["field"]) == (400, "kind")
    await anna.ask("hang_up", **of(anna))
    answer = await asks.ask("POST", guests(visit), {"kind": "guardian"})
    assert (answer.status, answer.body["code"]) == (409, "wrong_state")


async def test_another_providers_backend_finds_no_visit(
    start: Start, crowd: People, http: ClientSession
) -> None:
    here, there = await start(), await start(demo_provider="another")
    anna, _ = await visit_of(here, crowd)
    foreign = RestClient(http, here, crowd.token(there, "backend", "booking"))
    answer = await foreign.ask("POST", guests(anna.visit["id"]), {"kind": "guardian"})
    assert (answer.status, answer.body["code"]) == (404, "no_visit")


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.role], ids=lambda each: each.name
)
async def test_nobody_but_the_backend(
    node: Served, http: ClientSession, crowd: People, operation: Operation
) -> None:
    path = operation.path.format(queue=QUEUE, visit="v", guest="guest1")
    for role in ("patient", "clinician", "operator"):
        client = RestClient(http, node, crowd.token(node, role, "somebody"))
        answer = await client.ask(operation.method, path, {"kind": "guardian"})
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
    answer = await RestClient(http, node, "nonsense").ask(operation.method, path)
    assert (answer.status, answer.body["code"]) == (401, "bad_token")


async def test_a_pass_opens_nothing_over_rest(
    node: Served, crowd: People, http: ClientSession
) -> None:
    anna, _ = await visit_of(node, crowd)
    asks, path = backend(http, node, crowd), guests(anna.visit["id"])
    made = await asks.ask("POST", path, {"kind": "guardian"})
    token = (await show(node, made.body["code"])).body["token"]
    for method, where in (("GET", "/queues"), ("POST", path)):
        answer = await RestClient(http, node, token).ask(method, where, {"kind": "guardian"})
        assert (answer.status, answer.body["code"]) == (403, "forbidden")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":5}', b'{"code":"' + b"x" * 3_000 + b'"}'])
async def test_what_is_no_code_at_all_is_told_so(
    node: Served, http: ClientSession, body: bytes
) -> None:
    answer = await RestClient(http, node, "").ask("POST", "/guest", body)
    assert (answer.status, answer.body["code"]) == (400, "bad_message")


async def test_a_backend_has_no_session(node: Served, crowd: People) -> None:
    driver = await crowd.connect(node)
    await driver.send("hello", token=crowd.token(node, "backend", "booking"))
    assert await driver.closed() == 4501
