"""Which queues there are, whether they are open, and what the staff says: over the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drivers import QUEUE, People, Start
from kolapp_queue.model import QueueRef
from kolapp_queue.policy_book import publish
from kolapp_queue.policy_file import parse
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served


def ref(node: Served, queue: str = QUEUE) -> QueueRef:
    return QueueRef(node.node.settings.demo_provider, queue)


async def test_the_staff_closes_early_and_who_waits_hears_the_word(
    node: Served, store: QueueStore, town: People
) -> None:
    anna = await town.waiting(node, "anna")
    bo = await town.patient(node, "bo")
    now = datetime.now(UTC)
    until_ms = int((now + timedelta(hours=3)).timestamp() * 1000)
    await store.close_early(ref(node), until_ms, "A pipe has burst.", "operator")
    await anna.until(lambda anna: anna.ticket.get("notices") == ["A pipe has burst."])
    assert anna.position == 1  # who waits is still served

    refused = await bo.ask("join", queue=QUEUE)
    assert refused["code"] == "queue_closed"
    opens = datetime.fromisoformat(refused["opens"])
    assert abs(opens.timestamp() * 1000 - until_ms) <= 1_000
    [info] = (await bo.ask("queues"))["queues"]
    assert (info["state"], info["early"], info["opens"]) == ("draining", True, refused["opens"])
    assert info["notices"] == ["A pipe has burst."]

    # The gate is for new numbers: who has one keeps it.
    assert (await anna.join())["number"] == 1
    anna = await town.patient(node, "anna")
    assert (await anna.join())["number"] == 1

    await store.reopen(ref(node), "operator")
    await anna.until(lambda anna: not anna.ticket.get("notices"))
    while (reply := await bo.join())["type"] == "error":
        assert reply["code"] == "queue_closed"  # until this node has heard of it
    assert reply["number"] == 2


async def test_a_notice_is_told_to_all_who_wait_and_to_who_comes(
    start: Start, store: QueueStore, crowd: People
) -> None:
    node = await start(place_front_count=1, place_tail_ms=100)
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(node, "bo")
    await store.set_notice(ref(node), "The doctor is half an hour late.", "operator")
    for patient in (anna, bo):
        await patient.until(lambda patient: patient.ticket.get("notices"))
        assert patient.ticket["notices"] == ["The doctor is half an hour late."]
    cleo = await crowd.patient(node, "cleo")
    assert cleo.welcome["queues"][0]["notices"] == ["The doctor is half an hour late."]
    assert (await cleo.join())["notices"] == ["The doctor is half an hour late."]


POLICIES = """
[queues.{provider}.drop-in]
title = {{ en = "Doctor", nb = "Lege" }}
capacity = 1

[queues.{provider}.night]
timezone = "Europe/Oslo"
hours = {{ mon = "closed" }}
"""


async def test_queues_of_a_file_change_without_a_restart(
    own_store_url: str, start: Start, crowd: People
) -> None:
    node = await start(store_url=own_store_url, queue_resync_ms=100)
    store, provider = node.node.store, node.node.settings.demo_provider
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await publish(store, parse(POLICIES.format(provider=provider), "queues.toml"))
    await doctor.until(lambda doctor: len(doctor.duty.get("queues", ())) == 2)
    assert [q["title"] for q in doctor.duty["queues"]] == ["Doctor", "night"]

    bo = await crowd.patient(node, "bo")
    drop_in, night = bo.welcome["queues"]
    assert (drop_in["full"], drop_in["titles"]["nb"]) == (True, "Lege")
    assert (night["state"], night.get("opens", "")) == ("closed", "")
    assert await bo.errors("join", queue=QUEUE) == "queue_full"
    assert await bo.errors("join", queue="night") == "queue_closed"
    assert (await anna.join())["number"] == 1

    # A queue that is gone is unknown to who comes; who is in it keeps the place.
    only_night = parse(f"[queues.{provider}.night]", "queues.toml")
    await publish(store, only_night)
    await doctor.until(lambda doctor: len(doctor.duty["queues"]) == 1)
    assert await bo.errors("join", queue=QUEUE) == "unknown_queue"
    assert (await anna.ask("leave", ticket=anna.ticket["ticket"]))["state"] == "left"
    assert (await bo.join("night"))["number"] == 1
