"""Hints, lost hints, and two nodes on one store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers import QUEUE, People, Start
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from kolapp_signalling.setting_kinds import QueueTitle
from redis.asyncio import Redis

PROMISED_S = 1.0  # a lost hint costs at most this ...
SLACK_S = 0.5  # ... on a machine that does nothing else; this one does


@asynccontextmanager
async def redis(url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


def ref_of(node: Served) -> QueueRef:
    return QueueRef(node.node.settings.demo_provider, QUEUE)


async def test_two_nodes_share_a_queue_and_a_call(start: Start, town: People) -> None:
    here, there = await start(), await start()
    anna, bo = await town.waiting(there, "anna"), await town.waiting(here, "bo")
    assert (anna.position, bo.position) == (1, 2)
    doctor = await town.clinician(here)
    pulled = await doctor.pull()
    await anna.until_state("called")
    assert anna.ticket["call"]["visit"] == pulled["visit"]["id"]
    await bo.until_position(1)

    answered = await anna.answer()
    await doctor.until(lambda doctor: doctor.visit.get("state") == "live")
    visit = answered["visit"]
    await anna.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    await doctor.until(lambda doctor: not doctor.visit)
    assert doctor.duty["ended"]["reason"] == "patient_hung_up"


async def test_a_call_on_another_node_does_not_wait_for_a_window(
    start: Start, crowd: People
) -> None:
    here, there = await start(place_front_ms=60_000), await start(place_front_ms=60_000)
    anna, doctor = await crowd.waiting(there, "anna"), await crowd.clinician(here)
    await doctor.pull()
    await anna.until_state("called")


async def test_your_turn_needs_no_hint_on_the_node_that_pulls(
    node: Served, crowd: People, store_url: str
) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    before = len(anna.frames)
    # The reply to the pull comes after the call was sent, so nothing is waited for here.
    await doctor.ask("pull", key="key-1")
    await anna.ask("ping")
    kinds = [frame.get("state", frame["type"]) for frame in anna.frames[before:]]
    assert "called" in kinds
    assert kinds.index("called") < kinds.index("pong")


async def test_a_lost_hint_costs_a_second_at_most(
    node: Served, crowd: People, store: QueueStore, store_url: str
) -> None:
    """Joined and left behind the node's back, by a store connection whose hints nobody hears."""
    ref = ref_of(node)
    first = await store.join(ref, PatientKey("first"), TicketId("first-ticket"), "c1")
    anna = await crowd.waiting(node, "anna")
    assert anna.position == 2
    async with redis(store_url) as admin:
        await admin.client_kill_filter(_type="pubsub")
        await store.leave(ref, first.id, PatientKey("first"))
    async with asyncio.timeout(PROMISED_S + SLACK_S):
        await anna.until_position(1)


async def test_a_lost_call_is_found_by_the_versions(
    start: Start, crowd: People, store_url: str
) -> None:
    """Not even the subscription breaks: the hint is just not there."""
    here, there = await start(), await start()
    anna, doctor = await crowd.waiting(there, "anna"), await crowd.clinician(here)
    await doctor.ask("ready", queues=[QUEUE])
    ref = ref_of(there)
    await there.node.feed.unsubscribe(ref)
    await doctor.ask("pull", key="key-1")
    async with asyncio.timeout(PROMISED_S + SLACK_S):
        await anna.until_state("called")

    # And the same for the clinician, with the patient's answer.
    await here.node.feed.unsubscribe(ref)
    await anna.answer()
    async with asyncio.timeout(PROMISED_S + SLACK_S):
        await doctor.until(lambda doctor: doctor.visit.get("state") == "live")


async def test_a_clinician_who_asks_before_the_hint_comes_learns_the_reason_too(
    start: Start, crowd: People
) -> None:
    """What is read of the desk alone says that the visit is over, and not why."""
    here, there = await start(), await start()
    anna, doctor = await crowd.waiting(here, "anna"), await crowd.clinician(there)
    await doctor.pull()
    await there.node.feed.unsubscribe(ref_of(there))
    await anna.until_state("called")
    epoch = anna.ticket["call"]["epoch"]
    await anna.ask("decline", ticket=anna.ticket["ticket"], epoch=epoch)
    assert "visit" not in await doctor.ask("ready", queues=[QUEUE])
    await doctor.until(lambda doctor: doctor.duty["ended"]["reason"] == "declined")


async def test_a_hint_that_says_what_is_known_reads_nothing(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    states = [frame["state"] for frame in anna.frames if frame["type"] == "ticket"]
    assert states.count("called") == 1


async def test_versions_of_different_queues_are_not_compared(start: Start, crowd: People) -> None:
    """The last visit was in a busy queue; the next one is in a quiet one, pulled elsewhere."""
    busy, quiet = "busy", "quiet"
    lost = {"queue_resync_ms": 60_000}  # nothing but the hint can help
    queues = (QueueTitle(busy, busy), QueueTitle(quiet, quiet))
    here, there = await start(queues=queues, **lost), await start(queues=queues, **lost)
    for number in range(5):
        await (await crowd.patient(there, f"patient-{number}")).join(busy)
    desk = await crowd.clinician(here)
    await desk.ask("ready", queues=[busy, quiet])
    visit = (await desk.ask("pull", key="key-1"))["visit"]
    await desk.ask("give_back", visit=visit["id"], epoch=visit["epoch"])
    await (await crowd.patient(there, "anna")).join(quiet)
    same = await crowd.clinician(there)
    await same.ask("ready", queues=[quiet])
    visit = (await same.ask("pull", key="key-2"))["visit"]
    await desk.until(lambda desk: desk.visit.get("id") == visit["id"])
