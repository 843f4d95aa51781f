"""Words between the clients of a visit, over a real media node, from node to node."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from drivers import QUEUE, Driver, Message, People, Start, until_media
from guests import guest_of, of
from kolapp_media.node import MediaNode
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from kolapp_signalling.signals import BURST, MOST_SENDERS, RATE, Allowance
from media_peers import QuietPeer
from store_contents import everything

SDP = (Path(__file__).parents[1] / "media" / "data" / "chromium.sdp").read_text()
HOST = "candidate:1 1 udp 2122260223 192.168.1.2 54321 typ host"


async def called(node: Served, crowd: People, other: Served | None = None) -> tuple[Driver, Driver]:
    for each in (node, other or node):
        await until_media(each)
    anna = await crowd.waiting(node, "anna")
    doctor = await crowd.clinician(other or node)
    await doctor.pull()
    await anna.until_state("called")
    return anna, doctor


async def visit_of(
    node: Served, crowd: People, other: Served | None = None
) -> tuple[Driver, Driver]:
    anna, doctor = await called(node, crowd, other)
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    return anna, doctor


def words(driver: Driver) -> list[Message]:
    return [frame for frame in driver.frames if frame["type"] == "signal"]


async def heard(driver: Driver, count: int = 1) -> list[Message]:
    await driver.until(lambda driver: len(words(driver)) >= count)
    return words(driver)


def to(driver: Driver, whom: str, **data: Any) -> dict[str, Any]:
    visit = driver.visit
    return {"visit": visit["id"], "epoch": visit["epoch"], "to": whom, "data": data}


def offer(driver: Driver, generation: int = 1) -> dict[str, Any]:
    return to(
        driver, "patient", kind="description", generation=generation, sdp_type="offer", sdp=SDP
    )


async def test_an_offer_is_answered_from_another_node(
    start: Start, town: People, media: MediaNode
) -> None:
    one, two = await start(queue_mode="direct"), await start(queue_mode="direct")
    anna, doctor = await visit_of(one, town, two)
    assert (anna.visit["mode"], doctor.visit["mode"]) == ("direct", "direct")
    reply = await doctor.ask("signal", **offer(doctor))
    assert (reply["type"], reply["visit"]) == ("signalled", doctor.visit["id"])
    [word] = await heard(anna)
    assert (word["visit"], word["sender"]) == (anna.visit["id"], "clinician")
    assert (word["data"]["kind"], word["data"]["sdp_type"]) == ("description", "offer")
    answer = {"kind": "description", "generation": 1, "sdp_type": "answer", "sdp": SDP}
    await anna.ask("signal", **to(anna, "clinician", **answer))
    for number in range(20):
        line = {
            "kind": "candidate",
            "generation": 1,
            "candidate": HOST,
            "mid": "0",
            "line": number % 2,
        }
        await anna.ask("signal", **to(anna, "clinician", **line))
    found = await heard(doctor, 21)
    assert [word["data"]["kind"] for word in found] == ["description"] + ["candidate"] * 20
    assert [word["data"].get("line", 0) for word in found[1:]] == [0, 1] * 10
    assert not words(anna)[1:], "nobody hears their own"
    assert (media.stats().visits, media.stats().legs) == (0, 0)


async def test_a_direct_visit_gets_no_leg_at_a_media_node(
    start: Start, crowd: People, media: MediaNode
) -> None:
    node = await start(queue_mode="direct")
    anna, doctor = await visit_of(node, crowd)
    where = {"visit": anna.visit["id"], "epoch": anna.visit["epoch"], "generation": 1}
    for one in (anna, doctor):
        assert await one.errors("offer", **where, sdp=SDP) == "wrong_state"
        assert await one.errors("enter", **where) == "wrong_state"
    ready = {"queue": QUEUE, "generation": 1, "sdp": SDP}
    bo = await crowd.waiting(node, "bo")
    for one in (doctor, bo):
        assert await one.errors("prepare", **ready) == "wrong_state"
    assert media.stats().legs == 0


async def test_a_visit_that_gets_a_third_goes_over_to_the_media_node(
    start: Start, crowd: People, media: MediaNode, peers_on_loopback: None
) -> None:
    node = await start(queue_mode="direct", queue_direct_relay_only=True)
    anna, doctor = await visit_of(node, crowd)
    assert (anna.visit["mode"], anna.visit["relay_only"]) == ("direct", True)
    where = {"visit": anna.visit["id"], "epoch": anna.visit["epoch"]}
    reply = await doctor.ask("invite", **where, kind="interpreter", key="k1")
    assert reply["type"] == "invited", reply
    for one in (anna, doctor):
        await one.until(lambda one: one.visit.get("mode", "bridge") == "bridge")
        assert not one.visit.get("relay_only")
    assert await doctor.errors("signal", **offer(doctor)) == "wrong_state"
    peer = QuietPeer(("audio", "video"))
    answer = await anna.ask("offer", **where, generation=1, sdp=await peer.offer())
    assert answer["type"] == "sdp_answer", answer
    await peer.close()

    # It stays so when nobody comes.
    await doctor.ask("remove_guest", **where, guest=reply["guest"])
    assert doctor.visit.get("mode", "bridge") == "bridge"


async def test_keys_reach_all_others(start: Start, crowd: People, media: MediaNode) -> None:
    node = await start(queue_encrypted=True)
    anna, doctor = await visit_of(node, crowd)
    assert anna.visit["encrypted"]
    await anna.ask("signal", **to(anna, "all", kind="key", payload="A" * 4_096))
    assert (await heard(doctor))[0]["data"] == {"kind": "key", "payload": "A" * 4_096}
    assert await anna.errors("signal", **to(anna, "clinician", kind="renew", generation=0)) == (
        "wrong_state"
    )


async def test_guests_say_and_hear_while_they_are_in(
    start: Start, crowd: People, media: MediaNode
) -> None:
    node, other = await start(queue_encrypted=True), await start(queue_encrypted=True)
    anna, doctor = await visit_of(node, crowd, other)
    guest = await guest_of(node, crowd, doctor)
    await guest.ask("signal", **to(guest, "all", kind="key", payload="A"))
    for one in (anna, doctor):
        [word] = await heard(one)
        assert (word["sender"], word["data"]["payload"]) == ("guest1", "A")
    await doctor.ask("signal", **to(doctor, "guest1", kind="key", payload="B"))
    assert [word["data"]["payload"] for word in await heard(guest)] == ["B"]
    assert len(words(anna)) == 1, "it was for the guest alone"

    late = to(guest, "all", kind="key", payload="C")
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    await guest.send("signal", **late)
    assert await guest.closed() == 4507
    await doctor.ask("signal", **to(doctor, "all", kind="key", payload="D"))
    found = [word["data"]["payload"] for word in await heard(anna, 2)]
    assert found == ["A", "D"], "who is out is not heard any more"


async def test_nobody_else_says_or_hears_anything(
    start: Start, crowd: People, media: MediaNode
) -> None:
    node = await start(queue_mode="direct")
    anna, doctor = await called(node, crowd)
    assert await doctor.errors("signal", **offer(doctor)) == "wrong_state"  # before the answer
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    bo, nurse = await crowd.waiting(node, "bo"), await crowd.clinician(node, "nurse")
    for stranger in (bo, nurse):
        assert await stranger.errors("signal", **offer(doctor)) == "no_visit"
    assert await anna.errors("signal", **(offer(doctor) | {"to": "clinician"})) == "forbidden"
    stale = offer(doctor) | {"epoch": doctor.visit["epoch"] + 1}
    assert await doctor.errors("signal", **stale) == "stale_epoch"
    await doctor.ask("signal", **offer(doctor))
    await heard(anna)
    for other in (bo, nurse, doctor):
        await other.ask("ping")
        assert not words(other)
    last = offer(doctor)
    await anna.ask("hang_up", visit=last["visit"], epoch=last["epoch"])
    assert await doctor.errors("signal", **last) == "wrong_state"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"kind": "description", "generation": 1, "sdp_type": "offer", "sdp": "v=0"}, "bad_sdp"),
        (
            {"kind": "description", "generation": 1, "sdp_type": "offer", "sdp": "x" * 60_001},
            "bad_message",
        ),
        ({"kind": "candidate", "generation": 1, "candidate": "candidate:1"}, "bad_sdp"),
        ({"kind": "candidate", "generation": 1, "candidate": "x" * 513}, "bad_message"),
        ({"kind": "key", "payload": "A" * 4_097}, "bad_message"),
        ({"kind": "key", "payload": "not base64"}, "bad_message"),
        ({"kind": "renew", "generation": -1}, "bad_message"),
        ({"kind": "other"}, "bad_message"),
        ({"kind": "renew", "generation": 1, "more": 1}, "bad_message"),
        ("text", "bad_message"),
    ],
)
async def test_what_is_no_word_is_refused(
    start: Start, crowd: People, media: MediaNode, data: Any, code: str
) -> None:
    node = await start(queue_mode="direct")
    anna, doctor = await visit_of(node, crowd)
    assert await doctor.errors("signal", **(offer(doctor) | {"data": data})) == code
    await doctor.ask("signal", **offer(doctor))
    assert len(await heard(anna)) == 1, "what was refused told nobody anything"


async def test_who_is_not_connected_misses_it(
    start: Start, crowd: People, media: MediaNode
) -> None:
    node = await start(queue_mode="direct")
    anna, doctor = await visit_of(node, crowd)
    await anna.ws.close()
    assert (await doctor.ask("signal", **offer(doctor, 1)))["type"] == "signalled"
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    await again.until(lambda anna: bool(anna.visit))
    await doctor.ask("signal", **offer(doctor, 2))
    assert [word["data"]["generation"] for word in await heard(again)] == [2]


async def test_a_flood_is_refused_and_the_visit_goes_on(
    start: Start, crowd: People, media: MediaNode
) -> None:
    node = await start(queue_encrypted=True)
    anna, doctor = await visit_of(node, crowd)
    flood = to(anna, "all", kind="key", payload="A" * 4_096)
    kinds = [
        (await anna.ask("signal", **flood)).get("code", "") for _ in range(BURST // 4_096 + 20)
    ]
    assert set(kinds) == {"", "too_many_signals"}
    await doctor.ask("signal", **to(doctor, "patient", kind="key", payload="B"))
    assert (await heard(anna))[0]["data"]["payload"] == "B", "each has an allowance of their own"


async def test_what_was_said_is_in_no_store_and_no_log(
    start: Start,
    crowd: People,
    media: MediaNode,
    store: QueueStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    node = await start(queue_mode="direct", queue_encrypted=True)
    anna, doctor = await visit_of(node, crowd)
    await doctor.ask("signal", **offer(doctor))
    candidate = {"kind": "candidate", "generation": 1, "candidate": HOST}
    await doctor.ask("signal", **to(doctor, "patient", **candidate))
    await doctor.ask("signal", **to(doctor, "all", kind="key", payload="A_canary"))
    await heard(anna, 3)
    assert await doctor.errors(
        "signal", **to(doctor, "patient", **candidate | {"candidate": f"{HOST} odd"})
    )
    kept = (await everything(store._link)).decode() + caplog.text
    assert doctor.visit["id"] in kept
    fingerprint = SDP.split("a=fingerprint:")[1].split()[1]
    for needle in (fingerprint, "192.168.1.2", "A_canary"):
        assert needle not in kept


async def test_without_a_media_node_nothing_goes(start: Start, crowd: People) -> None:
    node = await start(queue_mode="direct")
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    assert await doctor.errors("signal", **offer(doctor)) == "media_unavailable"


def test_an_allowance_comes_back_with_time() -> None:
    allowance = Allowance()
    who = ("visit", "patient")
    assert allowance.spend(who, BURST, 0.0)
    assert not allowance.spend(who, 1, 0.0)
    assert allowance.spend(("visit", "clinician"), BURST, 0.0)
    assert allowance.spend(who, RATE, 1.0)
    assert not allowance.spend(who, 1, 1.0)
    assert allowance.spend(who, BURST, 1_000.0)


def test_as_many_senders_are_remembered_as_may_be() -> None:
    allowance = Allowance()
    for number in range(MOST_SENDERS + 10):
        assert allowance.spend((str(number), "patient"), 1, 0.0)
    assert len(allowance._spent) == MOST_SENDERS
