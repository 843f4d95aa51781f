"""Offers through signalling to real media nodes, and what people see when one dies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drivers import QUEUE, Driver, People, Start
from guests import visit_of
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from kolapp_queue.model import NodeRecord, QueueRef
from kolapp_queue.store import QueueStore
from kolapp_signalling.affinity import preferred
from kolapp_signalling.app import Served
from kolapp_signalling.settings import Settings
from media_peers import Peer

LEASE_MS = 60_000
CHROMIUM = (Path(__file__).parents[1] / "media" / "data" / "chromium.sdp").read_text()
MakeMedia = Callable[[str, int], Awaitable[MediaNode]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, media=replace(settings.media, quality_interval=0.1))


@pytest.fixture
async def media(settings: Settings, store: QueueStore) -> AsyncIterator[MakeMedia]:
    """Start a media node and list it: name and the visits it could take."""
    nodes: dict[str, MediaNode] = {}

    async def start(name: str, capacity: int = 10) -> MediaNode:
        node = nodes[name] = MediaNode(MediaSettings(), settings.cluster_secret)
        await node.start()
        await store.register_node(NodeRecord(name, "media", node.address, capacity, 0), LEASE_MS)
        return node

    yield start
    for name, node in nodes.items():
        await store.forget_node(name)
        await node.close()


@pytest.fixture
async def peers(peers_on_loopback: None) -> AsyncIterator[Callable[[], Peer]]:
    made: list[Peer] = []

    def make() -> Peer:
        made.append(Peer())
        return made[-1]

    yield make
    await asyncio.gather(*(peer.close() for peer in made))


def measured(driver: Driver) -> set[str]:
    """Whose legs this one was told about last."""
    words = [each for each in driver.frames if each["type"] == "quality"]
    return {leg["role"] for leg in words[-1]["legs"]} if words else set()


async def connected(node: Served, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while node.node.media.connected != count:  # noqa: ASYNC110  # a counter tells nobody
            await asyncio.sleep(0)


async def offer(driver: Driver, sdp: str, generation: int = 1) -> dict[str, Any]:
    visit = driver.visit
    return await driver.ask(
        "offer", visit=visit["id"], epoch=visit["epoch"], generation=generation, sdp=sdp
    )


def legs(driver: Driver) -> dict[str, str]:
    return {each["role"]: each["media"] for each in driver.visit.get("participants", ())}


async def test_without_a_media_node_the_client_is_told_to_try_again(
    node: Served, crowd: People
) -> None:
    anna, _ = await visit_of(node, crowd)
    assert (await offer(anna, "v=0"))["code"] == "media_unavailable"


async def test_an_offer_that_is_no_sdp_is_refused_and_changes_nothing(
    node: Served, crowd: People, media: MakeMedia
) -> None:
    carrier = await media("m1", 10)
    anna, doctor = await visit_of(node, crowd)
    await connected(node)
    for sdp in ("v=0", "garbage", "m=audio 9 x\r\n" * 500, "\x00\x1b[31m"):
        assert (await offer(anna, sdp))["code"] == "bad_sdp"
    await anna.ask("ping")
    await doctor.ask("ping")
    assert legs(anna) == legs(doctor) == {"patient": "none", "clinician": "none"}
    assert carrier.stats().legs == 0


async def test_both_see_and_hear_each_other_until_they_hang_up(
    node: Served, crowd: People, media: MakeMedia, peers: Callable[[], Peer]
) -> None:
    carrier = await media("m1", 10)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await connected(node)
    await doctor.pull()
    at_work, at_home = peers(), peers()

    # The clinician offers while it rings.
    answer = await offer(doctor, await at_work.offer())
    assert (answer["type"], answer["generation"], answer["media_epoch"]) == ("sdp_answer", 1, 1)
    await at_work.accept(answer["sdp"])
    await doctor.until(lambda doctor: legs(doctor)["clinician"] == "connected")

    await anna.answer()
    answer = await offer(anna, await at_home.offer())
    assert answer["media_epoch"] == 1
    await at_home.accept(answer["sdp"])
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"connected"})
    async with asyncio.timeout(10):
        await asyncio.gather(at_home.sees_and_hears(), at_work.sees_and_hears())

        # Both are told how both legs do.
        await carrier._tell_quality()
        for driver in (anna, doctor):
            await driver.until(lambda driver: measured(driver) == {"patient", "clinician"})

    visit = doctor.visit
    await doctor.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    await anna.until_state("completed")
    async with asyncio.timeout(5):
        while carrier.stats().visits:  # noqa: ASYNC110  # a counter tells nobody
            await asyncio.sleep(0)


async def test_a_new_generation_replaces_the_leg_and_an_old_one_is_stale(
    node: Served, crowd: People, media: MakeMedia, peers: Callable[[], Peer]
) -> None:
    await media("m1", 10)
    anna, _ = await visit_of(node, crowd)
    await connected(node)
    first, second = await peers().offer(), await peers().offer()
    assert (await offer(anna, first, 1))["type"] == "sdp_answer"
    assert (await offer(anna, second, 2))["generation"] == 2
    assert (await offer(anna, first, 1))["code"] == "stale_leg"


async def test_fault_24_a_dead_media_node_is_shown_and_the_next_offer_goes_on(
    node: Served, crowd: People, media: MakeMedia, peers: Callable[[], Peer]
) -> None:
    first = await media("m1", 10)
    anna, doctor = await visit_of(node, crowd)
    await connected(node)
    at_work, at_home = peers(), peers()
    for driver, peer in ((doctor, at_work), (anna, at_home)):
        await peer.accept((await offer(driver, await peer.offer()))["sdp"])
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"connected"})

    await first.close()
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"lost"})
        assert driver.visit["media_epoch"] == 1

    await media("m2", 10)
    await connected(node)
    again = peers(), peers()
    for driver, peer in zip((doctor, anna), again, strict=True):
        answer = await offer(driver, await peer.offer(), 2)
        assert (answer["type"], answer["media_epoch"]) == ("sdp_answer", 2)
        await peer.accept(answer["sdp"])
    await doctor.until(lambda doctor: doctor.visit["media_epoch"] == 2)
    async with asyncio.timeout(10):
        await asyncio.gather(*(peer.sees_and_hears() for peer in again))


async def offers(node: Served, crowd: People, name: str, sdp: str) -> dict[str, Any]:
    """Somebody's visit begins: what the offer is answered."""
    patient, doctor = await crowd.waiting(node, name), await crowd.clinician(node, f"dr-{name}")
    await doctor.pull()
    await patient.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    return await offer(doctor, sdp)


async def test_visits_of_a_queue_go_to_its_node_until_it_is_full_and_then_to_the_next(
    start: Start, crowd: People, media: MakeMedia, settings: Settings
) -> None:
    # No second look at the registry, in which these nodes do not count their visits.
    node = await start(node_lease_ms=LEASE_MS)
    carriers = {name: await media(name, 2) for name in ("m1", "m2")}
    await connected(node, 2)
    records = [NodeRecord(name, "media", "", 2, 0) for name in carriers]
    first, second = preferred(QueueRef(settings.demo_provider, QUEUE), records)
    counts = []
    for number in range(4):
        reply = await offers(node, crowd, f"patient-{number}", CHROMIUM)
        assert reply["type"] == "sdp_answer"
        counts.append([carriers[name].stats().visits for name in (first, second)])
    assert counts == [[1, 0], [2, 0], [2, 1], [2, 2]]

    # Now that all are full the next one is told so, and nobody is hurt.
    room = "kolapp_media_room 0.0"
    assert room in node.node.metrics.text().decode()
    assert (await offers(node, crowd, "one-too-many", CHROMIUM))["code"] == "media_full"
    assert [carriers[name].stats().visits for name in (first, second)] == [2, 2]


async def test_who_is_refused_by_a_busy_node_goes_to_the_next(
    node: Served, crowd: People, media: MakeMedia
) -> None:
    carriers = [await media(name) for name in ("m1", "m2")]
    await connected(node, 2)
    for each in carriers:
        each._load.busy = True
    assert (await offers(node, crowd, "anna", CHROMIUM))["code"] == "media_full"
    carriers[0]._load.busy = False
    assert (await offers(node, crowd, "berit", CHROMIUM))["type"] == "sdp_answer"
    assert [each.stats().visits for each in carriers] == [1, 0]


async def test_participants_on_two_signalling_nodes_meet_on_one_media_node(
    start: Start, crowd: People, media: MakeMedia, peers: Callable[[], Peer]
) -> None:
    carrier = await media("m1", 10)
    here, there = await start(), await start()
    for node in (here, there):
        await connected(node)
    anna, doctor = await crowd.waiting(there, "anna"), await crowd.clinician(here)
    await doctor.pull()
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    for driver in (doctor, anna):
        peer = peers()
        await peer.accept((await offer(driver, await peer.offer()))["sdp"])
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"connected"})
    assert (carrier.stats().visits, carrier.stats().legs) == (1, 2)
    await anna.ask("hang_up", visit=anna.visit["id"], epoch=anna.visit["epoch"])
    await doctor.until(lambda doctor: not doctor.visit)
    async with asyncio.timeout(5):
        while carrier.stats().visits:  # noqa: ASYNC110  # a counter tells nobody
            await asyncio.sleep(0)


async def test_a_successor_is_not_waited_for_until_the_next_look(
    start: Start, media: MakeMedia
) -> None:
    node = await start(node_lease_ms=LEASE_MS)  # looked for three times in a minute
    first = await media("m1", 10)
    await connected(node)
    await first.close()
    await connected(node, 0)
    await media("m2", 10)
    await connected(node)


async def test_looks_in_haste_do_not_end_a_lease(
    start: Start, media: MakeMedia, store: QueueStore
) -> None:
    node = await start(node_lease_ms=LEASE_MS)
    await media("m0", 10)
    await connected(node)
    await store.forget_node("m0")
    for count in range(1, 5):  # each found by another look
        await media(f"m{count}", 10)
        await connected(node, 1 + count)


async def test_a_control_connection_that_breaks_costs_no_leg(
    node: Served, crowd: People, media: MakeMedia, peers: Callable[[], Peer]
) -> None:
    await media("m1", 10)
    anna, doctor = await visit_of(node, crowd)
    await connected(node)
    for driver in (doctor, anna):
        peer = peers()
        await peer.accept((await offer(driver, await peer.offer()))["sdp"])
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"connected"})
    control = node.node.media._clients["m1"]
    control._writer.transport.abort()
    for driver in (anna, doctor):
        await driver.until(lambda driver: set(legs(driver).values()) == {"lost"})
        await driver.until(lambda driver: set(legs(driver).values()) == {"connected"})

    # A page that is loaded anew makes its own leg anew, and not the other one's.
    answer = await offer(anna, await peers().offer(), 2)
    assert (answer["type"], answer["media_epoch"]) == ("sdp_answer", 1)
    await doctor.ask("ping")
    assert legs(doctor)["clinician"] == "connected"


@pytest.mark.parametrize("address", ["nonsense", "", "unix:relative", f"{'x' * 80}:1", "a\0b:1"])
async def test_a_node_without_a_usable_address_is_said_once_and_hinders_nobody(
    start: Start,
    media: MakeMedia,
    store: QueueStore,
    caplog: pytest.LogCaptureFixture,
    address: str,
) -> None:
    await store.register_node(NodeRecord("m0", "media", address, 10, 0), LEASE_MS)
    node = await start(node_lease_ms=LEASE_MS)
    for count in (1, 2):  # found by two looks, both after the bad one
        await media(f"m{count}", 10)
        await connected(node, count)
    assert caplog.text.count("announces no usable address") == 1
    assert "background" not in caplog.text
    await store.forget_node("m0")


async def test_a_node_that_does_not_answer_hinders_nobody(
    start: Start, media: MakeMedia, store: QueueStore
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts and says nothing
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        await store.register_node(NodeRecord("m0", "media", address, 10, 0), LEASE_MS)
        node = await start(node_lease_ms=LEASE_MS)
        for count in (1, 2):
            await media(f"m{count}", 10)
            await connected(node, count)
        await store.forget_node("m0")
