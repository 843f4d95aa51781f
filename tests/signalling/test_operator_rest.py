"""What an operator does over REST, and what the people in the queue see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from drivers import People, Start
from kolapp_queue.audit_stream import read_after
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.policy_file import parse
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from rest_client import RestClient

QUEUE = "/queues/drop-in"


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def client(http: ClientSession, node: Served) -> RestClient:
    return RestClient(http, node)


def ref(node: Served) -> QueueRef:
    return QueueRef(node.node.settings.demo_provider, "drop-in")


async def done(client: RestClient, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await client.ask(method, path, body)
    assert answer.status == 200, answer.body
    return answer.body


async def test_a_queue_as_it_stands(client: RestClient, node: Served, crowd: People) -> None:
    empty = await done(client, "GET", QUEUE)
    assert (empty["name"], empty["title"], empty["state"]) == ("drop-in", "Drop-in", "open")
    assert (empty["waiting"], empty["on_duty"], empty["in_visit"]) == (0, 0, 0)
    assert (empty["notice"], empty["closing"], empty["early"], empty["full"]) == (
        None,
        None,
        False,
        False,
    )
    anna, bo, doctor = [
        await crowd.waiting(node, "anna"),
        await crowd.waiting(node, "bo"),
        await crowd.clinician(node),
    ]
    await doctor.pull()
    await anna.answer()
    await bo.until(lambda bo: bo.position == 1 and bo.ticket["place"]["wait"]["known"])
    now = await done(client, "GET", QUEUE)
    assert (now["waiting"], now["on_duty"], now["in_visit"]) == (1, 1, 1)
    assert now["wait"]["known"] is True
    [listed] = (await done(client, "GET", "/queues"))["queues"]
    assert listed == now | {"wait": listed["wait"]}  # computed anew with each step


async def test_a_notice_is_read_by_all_who_wait(
    client: RestClient, node: Served, town: People
) -> None:
    anna, bo = await town.waiting(node, "anna"), await town.waiting(node, "bo")
    word = "Läkaren är en halvtimme sen.\nTack för att ni väntar."
    said = await done(client, "PUT", f"{QUEUE}/notice", {"text": f" {word} "})
    assert said["notice"]["text"] == word
    since = datetime.fromisoformat(said["notice"]["since"])
    assert abs(since - datetime.now(UTC)) < timedelta(minutes=1)
    for patient in (anna, bo):
        await patient.until(lambda patient: patient.ticket.get("notices") == [word])
    cleo = await town.patient(node, "cleo")
    assert cleo.welcome["queues"][0]["notices"] == [word]

    again = await done(client, "PUT", f"{QUEUE}/notice", {"text": word})
    assert again["notice"] == said["notice"]  # asked again it is the same
    for _ in range(2):
        assert (await done(client, "DELETE", f"{QUEUE}/notice"))["notice"] is None
    await anna.until(lambda anna: not anna.ticket.get("notices"))


async def test_a_queue_is_closed_early_with_a_word_and_reopened(
    client: RestClient, node: Served, town: People
) -> None:
    anna, bo = await town.waiting(node, "anna"), await town.patient(node, "bo")
    until = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    order = {"until": until.isoformat(), "text": "A pipe has burst."}
    closed = await done(client, "PUT", f"{QUEUE}/closing", order)
    assert (closed["state"], closed["early"]) == ("draining", True)
    assert datetime.fromisoformat(closed["closing"]["until"]) == until
    assert datetime.fromisoformat(closed["opens"]) == until
    assert closed["closing"]["text"] == "A pipe has burst."
    await anna.until(lambda anna: anna.ticket.get("notices") == ["A pipe has burst."])
    assert await bo.errors("join", queue="drop-in") == "queue_closed"

    for_good = await done(client, "PUT", f"{QUEUE}/closing", {})
    assert (for_good["closing"]["until"], for_good["closing"]["text"]) == ("", "")
    assert for_good["closing"]["since"] == closed["closing"]["since"]

    for _ in range(2):
        opened = await done(client, "DELETE", f"{QUEUE}/closing")
        assert (opened["state"], opened["closing"]) == ("open", None)
    await anna.until(lambda anna: not anna.ticket.get("notices"))
    assert (await bo.join())["number"] == 2


POLICY = """
[queues.{provider}.drop-in]
timezone = "Europe/Stockholm"
hours = {{ daily = "00:00-23:00" }}
"""


async def test_the_rest_of_the_day_ends_when_the_hours_open_again(
    node: Served, client: RestClient
) -> None:
    policies = parse(POLICY.format(provider=ref(node).provider), "queues.toml")
    node.node.queues._book.policies = policies
    zone = policies.queues[0].zone
    closed = await done(client, "PUT", f"{QUEUE}/closing", {"rest_of_day": True})
    until = datetime.fromisoformat(closed["closing"]["until"])
    assert (until.hour, until.minute) == (0, 0)
    assert until.utcoffset() == until.astimezone(zone).utcoffset()
    assert datetime.now(UTC) < until <= datetime.now(UTC) + timedelta(days=1)
    assert closed["opens"] == closed["closing"]["until"]


async def test_the_rest_of_a_day_without_end_is_until_reopened(client: RestClient) -> None:
    closed = await done(client, "PUT", f"{QUEUE}/closing", {"rest_of_day": True})
    assert closed["closing"]["until"] == ""


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ({"until": "2127-01-01T00:00:00"}, "until"),  # whose clock?
        ({"until": "tomorrow"}, "until"),
        ({"until": 4_000_000_000}, "until"),
        ({"until": "2127-01-01T00:00:00Z", "rest_of_day": True}, "rest_of_day"),
        ({"rest_of_day": "yes"}, "rest_of_day"),
        ({"text": "x" * 501}, "text"),
        ({"text": "\x1b[31m"}, "text"),
    ],
)
async def test_an_order_that_makes_no_sense_changes_nothing(
    client: RestClient, order: dict[str, Any], field: str
) -> None:
    answer = await client.ask("PUT", f"{QUEUE}/closing", order)
    assert (answer.status, answer.body["code"]) == (400, "bad_message")
    assert answer.body["field"] == field
    assert (await done(client, "GET", QUEUE))["closing"] is None


@pytest.mark.parametrize("queue", ["nowhere", "a%20b", "a%2Fb", "x" * 65])
async def test_another_queue_is_not_there(client: RestClient, node: Served, queue: str) -> None:
    for method, path in (("GET", ""), ("DELETE", "/notice"), ("DELETE", "/closing")):
        answer = await client.ask(method, f"/queues/{queue}{path}")
        assert (answer.status, answer.body["code"]) == (404, "unknown_queue")
    assert ref(node).provider not in {known.provider for known in await node.node.store.queues()}


async def test_a_queue_that_is_configured_no_more_is_there_while_somebody_is_in_it(
    client: RestClient, node: Served, store: QueueStore
) -> None:
    left = QueueRef(ref(node).provider, "left")
    await store.join(left, PatientKey("anna"), TicketId("t"), "c")
    [_, shown] = (await done(client, "GET", "/queues"))["queues"]
    assert (shown["name"], shown["configured"], shown["waiting"]) == ("left", False, 1)
    assert (shown["state"], shown["opens"]) == ("draining", "")
    said = await done(client, "PUT", "/queues/left/notice", {"text": "Go to the other one."})
    assert said["notice"]["text"] == "Go to the other one."
    assert (await done(client, "PUT", "/queues/left/closing", {}))["closing"] is not None
    assert (await done(client, "DELETE", "/queues/left/closing"))["closing"] is None
    await store.leave(left, TicketId("t"), PatientKey("anna"))
    assert (await client.ask("GET", "/queues/left")).status == 404
    [only] = (await done(client, "GET", "/queues"))["queues"]
    assert only["configured"]


async def test_providers_do_not_meet(
    node: Served, start: Start, http: ClientSession, client: RestClient, crowd: People
) -> None:
    other = await start(demo_provider=node.node.settings.demo_provider + "-other")
    anna = await crowd.waiting(other, "anna")
    await done(client, "PUT", f"{QUEUE}/closing", {"text": "Only ours."})
    theirs = await done(RestClient(http, other), "GET", QUEUE)
    assert (theirs["state"], theirs["waiting"]) == ("open", 1)
    assert (await anna.ask("find", queue="drop-in")).get("notices") in (None, [])


async def test_what_an_operator_does_is_audited(
    client: RestClient, node: Served, store: QueueStore
) -> None:
    await done(client, "PUT", f"{QUEUE}/notice", {"text": "Late."})
    await done(client, "PUT", f"{QUEUE}/closing", {"text": "Sorry."})
    await done(client, "DELETE", f"{QUEUE}/closing")
    await store.join(ref(node), PatientKey("anna"), TicketId("t"), "c")
    events = [entry.event for entry in (await read_after(store._link, ref(node), None)).entries]
    orders = [(event["step"], event["role"], event["reason"]) for event in events[:3]]
    assert orders == [
        ("set_notice", "operator", "Late."),
        ("close_early", "operator", "Sorry."),
        ("reopen", "operator", ""),
    ]
    [who] = {event["actor"] for event in events[:3]}
    assert len(who) == 64  # a pseudonym
    assert (await done(client, "GET", QUEUE))["notice"]["by"] == who
