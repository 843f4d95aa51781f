"""Places fall unasked: the front soon, the tail in its window, and nothing when nothing changed."""

from __future__ import annotations

import asyncio

import pytest
from drivers import QUEUE, People, Start
from kolapp_queue.model import PatientKey, QueueRef, TicketId
from kolapp_queue.store import QueueStore
from kolapp_signalling import places
from kolapp_signalling.app import Served


async def test_only_changed_places_are_sent(node: Served, town: People) -> None:
    anna, bo, cleo = [await town.waiting(node, name) for name in ("anna", "bo", "cleo")]
    await anna.until(lambda anna: anna.ticket["place"]["waiting"] == 3)
    before = len(anna.frames)
    await cleo.ask("leave", ticket=cleo.ticket["ticket"])
    await bo.until(lambda bo: bo.ticket["place"]["waiting"] == 2)
    await anna.until(lambda anna: anna.ticket["place"]["waiting"] == 2)
    await anna.ask("ping")
    # One snapshot for the change, however many hints and windows there were.
    assert [frame["type"] for frame in anna.frames[before:]] == ["ticket", "pong"]


async def test_versions_never_go_back(node: Served, crowd: People) -> None:
    people = [await crowd.waiting(node, f"p{n}") for n in range(8)]
    last = people[-1]
    for patient in people[:-1]:
        await patient.ask("leave", ticket=patient.ticket["ticket"])
    await last.until_position(1)
    versions = [frame["version"] for frame in last.frames if frame["type"] == "ticket"]
    assert versions == sorted(versions)
    positions = [frame["place"]["position"] for frame in last.frames if frame["type"] == "ticket"]
    assert positions == sorted(positions, reverse=True)


async def test_a_burst_is_told_once_a_window(start: Start, crowd: People) -> None:
    node = await start(place_front_ms=200)
    people = [await crowd.waiting(node, f"p{n}") for n in range(12)]
    last = people[-1]
    await last.ask("ping")
    before = len(last.frames)
    leaving = [p.ask("leave", ticket=p.ticket["ticket"]) for p in people[:-1]]
    await asyncio.gather(*leaving)
    await last.until_position(1)
    told = [frame for frame in last.frames[before:] if frame["type"] == "ticket"]
    assert len(told) <= 3


async def test_the_front_is_told_soon_and_the_tail_in_its_own_window(
    start: Start, crowd: People
) -> None:
    node = await start(place_front_count=2, place_front_ms=20, place_tail_ms=700)
    people = [await crowd.waiting(node, f"p{n}") for n in range(5)]
    loop = asyncio.get_running_loop()
    told: dict[int, float] = {}
    # The joins have told the tail just now or will; from its next round on its window is fresh.
    await people[4].ask("ping")
    left = people[0]
    await left.ask("leave", ticket=left.ticket["ticket"])
    await people[4].until_position(4)
    await people[1].ask("leave", ticket=people[1].ticket["ticket"])
    began = loop.time()

    async def wait(number: int, position: int) -> None:
        await people[number].until_position(position)
        told[number] = loop.time() - began

    await asyncio.gather(wait(2, 1), wait(3, 2), wait(4, 3))
    assert told[2] < 0.35
    assert told[3] < 0.35
    assert told[4] > 0.35


async def test_the_front_does_not_wait_until_the_whole_tail_is_told(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tail is slowed down to what thousands take."""
    node = await start(place_front_count=2, place_front_ms=20, place_tail_ms=20)
    people = [await crowd.waiting(node, f"p{n}") for n in range(10)]
    await people[9].until(lambda last: last.ticket["place"]["waiting"] == 10)
    monkeypatch.setattr(places, "_SLICE", 1)
    monkeypatch.setattr(places, "_BETWEEN_S", 0.7)
    await people[0].ask("leave", ticket=people[0].ticket["ticket"])
    await people[3].until_position(3)  # the tail's turn has begun, and others are still to be told
    await people[1].ask("leave", ticket=people[1].ticket["ticket"])
    await people[2].until_position(1)
    await people[9].ask("ping")
    assert people[9].position == 10


async def test_a_waiting_range_comes_with_a_clinician_on_duty(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    assert anna.ticket["place"]["wait"]["known"] is False
    assert anna.ticket["place"]["wait"]["why"] == "nobody_on_duty"
    await doctor.ask("ready", queues=[QUEUE])
    await anna.until(lambda anna: anna.ticket["place"]["wait"]["known"])
    wait = anna.ticket["place"]["wait"]
    assert 0 <= wait["low_s"] < wait["high_s"]
    assert wait["high_s"] % 30 == 0
    await doctor.ask("pause")
    await anna.until(lambda anna: not anna.ticket["place"]["wait"]["known"])


async def test_a_newcomers_range_does_not_wait_for_the_tails_turn(
    start: Start, crowd: People
) -> None:
    node = await start(place_front_count=1, place_tail_ms=60_000)
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    for n in range(3):
        patient = await crowd.waiting(node, f"p{n}")
        await patient.until(lambda patient: patient.ticket["place"]["wait"]["known"])


async def test_a_place_that_rose_says_why_on_another_node_too(
    start: Start, crowd: People, store: QueueStore
) -> None:
    here, there = await start(), await start()
    ref = QueueRef(here.node.settings.demo_provider, QUEUE)
    anna, bo = await crowd.waiting(here, "anna"), await crowd.waiting(here, "bo")
    await bo.until_position(2)
    soon = {"credit_ms": 3_600_000}
    await store.join(ref, PatientKey("urgent"), TicketId("urgent-t"), "c", **soon)
    await bo.until_position(3)
    assert bo.ticket["place"]["cause"] == "urgent"
    bo = await crowd.patient(there, "bo")
    await bo.until(lambda bo: bo.ticket)
    assert (bo.position, bo.ticket["place"]["cause"]) == (3, "urgent")
    # As on the node before: until it falls.
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    await bo.until_position(2)
    assert not bo.ticket["place"].get("cause")
    bo = await crowd.patient(here, "bo")
    await bo.until_position(2)
    assert not bo.ticket["place"].get("cause")


async def test_the_forecast_comes_with_the_first_range_and_not_again(
    node: Served, town: People
) -> None:
    doctor = await town.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    anna, bo = [await town.waiting(node, name) for name in ("anna", "bo")]
    await bo.until(lambda bo: bo.ticket["place"]["wait"]["known"])
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    await bo.until_position(1)
    told = [frame for frame in bo.frames if frame["type"] == "ticket"]
    first = next(frame for frame in told if frame["place"]["wait"]["known"])
    assert [frame for frame in told if "forecast" in frame] == [first]
    assert 0 <= first["forecast"]["low_s"] < first["forecast"]["high_s"]
    # Who comes back with another session has not been told.
    again = await town.patient(node, "bo")
    await again.until(lambda again: "forecast" in again.ticket)
