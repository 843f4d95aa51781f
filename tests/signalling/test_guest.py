"""Guests: invited at one node, in at another, and out again at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from drivers import QUEUE, Driver, Message, People, Start, until_media
from guests import enter, guest_of, invite, of, people_in, show, visit_of
from kolapp_media.node import MediaNode
from kolapp_queue.keys import queue_key
from kolapp_queue.model import QueueRef, Visit
from kolapp_queue.sealing import KeyRing
from kolapp_queue.store import QueueStore
from kolapp_signalling.app import Served
from kolapp_signalling.guest_pass import open_code, open_pass
from kolapp_signalling.seal_keys import seal_ring
from kolapp_signalling.seats import slots_of
from kolapp_signalling.settings import Settings
from media_peers import QuietPeer, gets_through, until
from msgspec.structs import replace

TWO = ["patient", "clinician"]
REMOVED = 4507
IN_TIME_S = 1.0  # from the clinician's word until nothing of the guest is left ...
SLACK_S = 0.5  # ... on a machine that does nothing else; this one does


@pytest.fixture
def ring(settings: Settings) -> KeyRing:
    return seal_ring(settings)


async def refused(node: Served, code: str) -> None:
    """Every refusal is the same, whatever the reason."""
    answer = await show(node, code)
    assert (answer.status, answer.body["code"], answer.body["field"]) == (403, "bad_code", "")


@pytest.fixture
async def peers(peers_on_loopback: None) -> AsyncIterator[list[QuietPeer]]:
    made = [QuietPeer(slots=3) for _ in range(3)]
    yield made
    await asyncio.gather(*(peer.close() for peer in made))


async def offered(driver: Driver, peer: QuietPeer) -> None:
    reply = await driver.ask("offer", **of(driver), generation=1, sdp=await peer.offer())
    assert reply["type"] == "sdp_answer", reply
    me = next(each for each in ("guest1", *TWO) if each not in reply["slots"])
    assert reply["slots"] == slots_of(me, 3)
    assert reply["generation"] == 1
    await peer.accept(reply["sdp"])
    await peer.connected()


async def out(node: Served, crowd: People, token: str) -> Message:
    """Whoever comes with this pass is told what became of it, and nothing else."""
    guest = await crowd.connect(node)
    await guest.send("hello", token=token)
    assert await guest.closed() == REMOVED
    assert guest.guest.get("visit") is None
    return guest.guest


def legs_of(driver: Driver) -> list[str]:
    return [each["media"] for each in driver.visit["participants"]]


async def test_a_guest_comes_in_at_another_node_and_is_seen_by_all(
    start: Start, town: People
) -> None:
    here, there = await start(), await start()
    anna, doctor = await visit_of(here, town, there)
    assert anna.visit["slots"] == 3
    invited = await invite(doctor, kind="guardian")
    assert (invited["guest"], invited["visit"]) == ("guest1", doctor.visit["id"])
    await doctor.until(lambda doctor: doctor.visit["invited"])
    awaited = doctor.visit["invited"][0]
    assert (awaited["role"], awaited["kind"]) == ("guest1", "guardian")
    assert 0 < awaited["valid_ms"] < invited["valid_ms"] + 60_000  # two clocks
    assert not anna.visit["invited"]

    answer = await show(here, invited["code"])
    assert (answer.status, answer.body["guest"]) == (200, "guest1")
    guest = await enter(here, town, answer.body["token"])
    assert (guest.welcome["role"], guest.welcome["queues"]) == ("guest", [])
    assert (guest.guest["you"], guest.guest["state"]) == ("guest1", "in")
    for each in (anna, doctor):
        await each.until(lambda each: people_in(each) == [*TWO, "guest1"])
        assert each.visit["participants"][2]["kind"] == "guardian"
    assert not doctor.visit["invited"]
    assert people_in(guest) == [*TWO, "guest1"]

    left = await guest.ask("hang_up", **of(guest))
    assert (left["type"], left["state"], left.get("visit")) == ("guest", "left", None)
    assert await guest.closed() == REMOVED
    for each in (anna, doctor):
        await each.until(lambda each: people_in(each) == TWO)
        assert each.visit["state"] == "live"


async def test_a_link_works_once_and_a_bad_one_never(
    node: Served, crowd: People, ring: KeyRing
) -> None:
    _, doctor = await visit_of(node, crowd)
    code = (await invite(doctor))["code"]
    found = open_code(code, ring)
    another_ring = KeyRing.parse(KeyRing.new_line("k1"))
    for bad in (code[:-4], found.seal(another_ring), replace(found, secret=b"0" * 16).seal(ring)):
        await refused(node, bad)
    assert (await show(node, code)).status == 200
    await refused(node, code)


async def test_an_answer_that_was_lost_is_given_again(node: Served, crowd: People) -> None:
    """To who asked first alone: the key is theirs."""
    _, doctor = await visit_of(node, crowd)
    code = (await invite(doctor))["code"]
    tokens = {(await show(node, code, "mine")).body["guest"] for _ in range(2)}
    assert tokens == {"guest1"}
    await refused(node, code)
    answer = await show(node, code, "theirs")
    assert answer.body["code"] == "bad_code"


async def test_whatever_ends_an_invitation_ends_it(start: Start, crowd: People) -> None:
    node = await start()
    anna, doctor = await visit_of(node, crowd)
    older = await invite(doctor, "same")
    newer = await invite(doctor, "same")
    assert newer["guest"] == older["guest"]
    await refused(node, older["code"])
    duty = await doctor.ask("remove_guest", **of(doctor), guest=newer["guest"])
    assert duty["visit"]["invited"] == []
    await refused(node, newer["code"])
    last = await invite(doctor, "last")
    await anna.ask("hang_up", **of(anna))
    await refused(node, last["code"])


async def test_a_link_ends_by_itself(start: Start, crowd: People) -> None:
    node = await start(guest_code_ttl_ms=0)
    _, doctor = await visit_of(node, crowd)
    await refused(node, (await invite(doctor))["code"])


async def test_who_tries_codes_waits_longer_and_longer(node: Served) -> None:
    doorkeeper, answers = node.node.entrance.doorkeeper, []
    for number in range(6):
        answers.append(await show(node, f"guess{number}"))
    assert {answer.body["code"] for answer in answers} == {"bad_code"}
    assert doorkeeper.failed("127.0.0.1") > 0.1
    metrics = node.node.metrics.text().decode()
    assert 'kolapp_operations_total{operation="redeem_code",outcome="bad_code"} 6.0' in metrics


async def test_a_removed_guest_is_gone_within_a_second(
    start: Start, town: People, media: MediaNode, peers: list[QuietPeer]
) -> None:
    here, there = await start(), await start()
    for node in (here, there):
        await until_media(node)
    anna, doctor = await visit_of(here, town)
    guest = await guest_of(there, town, doctor)
    for driver, peer in zip((anna, doctor, guest), peers, strict=True):
        await offered(driver, peer)
    for each in (anna, doctor, guest):
        await each.until(lambda each: legs_of(each) == ["connected"] * 3)
    for source, others in ((guest, (anna, doctor)), (anna, (doctor, guest))):
        sent = peers[(anna, doctor, guest).index(source)]
        for other in others:
            await gets_through(sent, peers[(anna, doctor, guest).index(other)])

    clock = asyncio.get_running_loop().time
    said_at = clock()
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    assert await guest.closed() == REMOVED
    last = guest.guest
    assert (last["state"], last.get("visit")) == ("removed", None)
    await peers[2].until(lambda: peers[2].connection.connectionState == "closed")
    assert clock() - said_at < IN_TIME_S + SLACK_S
    await anna.until(lambda each: people_in(each) == TWO)
    assert anna.visit["state"] == "live"
    await gets_through(peers[0], peers[1])


async def test_the_next_one_has_the_seat_and_a_leg_of_their_own(
    start: Start, crowd: People, media: MediaNode, peers: list[QuietPeer]
) -> None:
    node = await start()
    await until_media(node)
    anna, doctor = await visit_of(node, crowd)
    first = await guest_of(node, crowd, doctor)
    old_token = first.token
    await offered(anna, peers[0])
    await offered(first, peers[1])
    await anna.until(lambda each: legs_of(each) == ["connected", "none", "connected"])
    first_id = anna.visit["participants"][2]["id"]
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    second = await guest_of(node, crowd, doctor, key="g2", kind="colleague")
    await anna.until(lambda each: people_in(each) == TWO)
    await anna.until(lambda each: people_in(each) == [*TWO, "guest1"])
    assert anna.visit["participants"][2]["id"] != first_id
    await anna.until(lambda each: legs_of(each) == ["connected", "none", "none"])

    await offered(second, peers[2])  # generation 1 again: the seat remembers nobody
    await anna.until(lambda each: legs_of(each) == ["connected", "none", "connected"])
    await out(node, crowd, old_token)  # who comes back with the old pass moves nobody
    (client,) = node.node.media.clients().values()
    assert (await client.stats()).legs == 2
    await gets_through(peers[2], peers[0])


async def test_a_leg_made_while_its_guest_was_removed_goes_again(
    node: Served,
    crowd: People,
    media: MediaNode,
    peers: list[QuietPeer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The leg comes into being behind the word that closes it."""
    await until_media(node)
    _, doctor = await visit_of(node, crowd)
    guest = await guest_of(node, crowd, doctor)
    offer, made = node.node.media.offer, []

    async def late(visit: Visit, seat: str, *rest: Any) -> Any:
        await doctor.ask("remove_guest", **of(doctor), guest=seat)
        await until(lambda: not node.node.audience.guests.of(visit.id))
        made.append(await offer(visit, seat, *rest))
        return made[0]

    monkeypatch.setattr(node.node.media, "offer", late)
    await guest.send("offer", **of(guest), generation=1, sdp=await peers[0].offer())
    assert await guest.closed() == REMOVED
    await until(lambda: made)
    await until(lambda: media.stats().legs == 0)


async def test_a_pass_outlives_neither_removal_nor_visit(start: Start, crowd: People) -> None:
    here, there = await start(), await start()
    anna, doctor = await visit_of(here, crowd)
    one = await guest_of(there, crowd, doctor, key="g1")
    two = await guest_of(there, crowd, doctor, key="g2")
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    assert await one.closed() == REMOVED
    for node in (here, there):
        assert (await out(node, crowd, one.token))["state"] == "removed"
    await anna.ask("hang_up", **of(anna))
    assert await two.closed() == REMOVED
    assert two.guest["state"] == "over"
    for node in (here, there):
        assert (await out(node, crowd, two.token))["state"] == "over"


async def test_a_pass_is_one_person_in_one_visit(
    start: Start, crowd: People, ring: KeyRing
) -> None:
    here, there = await start(), await start()
    _, doctor = await visit_of(here, crowd)
    guest = await guest_of(here, crowd, doctor)
    bo = await crowd.waiting(here, "bo")
    nurse = await crowd.clinician(here, "nurse")
    await nurse.pull()
    await bo.answer()
    other = bo.visit
    for kind, fields in (
        ("say", {"epoch": other["epoch"], "key": "k", "text": "Hej"}),
        ("hear", {"after": 0}),
        ("offer", {"epoch": other["epoch"], "generation": 1, "sdp": "v=0"}),
        ("relays", {"epoch": other["epoch"]}),
        ("hang_up", {"epoch": other["epoch"]}),
    ):
        assert await guest.errors(kind, visit=other["id"], **fields) == "no_visit"
    for kind, fields in (
        ("join", {"queue": QUEUE}),
        ("find", {"queue": QUEUE}),
        ("queues", {}),
        ("ready", {"queues": [QUEUE]}),
        ("invite", {**of(guest), "kind": "guardian", "key": "k"}),
        ("remove_guest", {**of(guest), "guest": "guest2"}),
        ("read_intake", of(guest)),
    ):
        assert await guest.errors(kind, **fields) == "forbidden"
    again = await enter(there, crowd, guest.token)  # another tab, or a reload
    assert again.guest["you"] == "guest1"
    found = open_pass(guest.token, ring)
    for bad in (
        replace(found, expires_ms=1).seal(ring),
        found.seal(KeyRing.parse(KeyRing.new_line("k1"))),
        guest.token[:-4],
        f"guest.{found.digest}",
    ):
        stranger = await crowd.connect(here)
        await stranger.send("hello", token=bad)
        assert await stranger.closed() == 4501
        assert not stranger.frames  # not even a welcome


async def test_nobody_is_a_guest_by_a_token_of_somebody_elses(
    node: Served, crowd: People, settings: Settings
) -> None:
    driver = await crowd.connect(node)
    key = (settings.data_dir / "keys" / "demo-signing.pem").read_bytes()
    plain = jwt.decode(crowd.token(node, "patient", "anna"), options={"verify_signature": False})
    claims = plain | {settings.jwt_role_claim: "guest"}
    await driver.send("hello", token=jwt.encode(claims, key, algorithm="EdDSA"))
    assert await driver.closed() == 4501


async def test_guests_write_and_read_from_their_coming_in(start: Start, town: People) -> None:
    node = await start()
    anna, doctor = await visit_of(node, town)
    await anna.ask("say", **of(anna), key="k1", text="Between the two of us")
    guest = await guest_of(node, town, doctor)
    assert guest.visit["said"] == 0
    heard = await guest.ask("hear", visit=guest.visit["id"], after=0)
    assert (heard["lines"], heard["said"]) == ([], 0)
    line = {"number": 1, "role": "guest1", "text": "Hej"}
    said = await guest.ask("say", **of(guest), key="k1", text="Hej")
    assert (said["lines"], said["said"]) == ([line], 1)
    await anna.until(lambda anna: anna.visit["said"] == 2)
    heard = await anna.ask("hear", visit=anna.visit["id"], after=1)
    assert heard["lines"] == [line | {"number": 2}]
    await doctor.ask("say", **of(doctor), key="k1", text="Välkommen")
    await guest.until(lambda guest: guest.visit["said"] == 2)
    heard = await guest.ask("hear", visit=guest.visit["id"], after=1)
    assert heard["lines"] == [{"number": 2, "role": "clinician", "text": "Välkommen"}]


async def test_guests_of_an_encrypted_visit_agree_on_keys_with_the_others(
    start: Start, crowd: People, media: MediaNode
) -> None:
    here, there = await start(queue_encrypted=True), await start(queue_encrypted=True)
    for node in (here, there):
        await until_media(node)
    anna, doctor = await visit_of(here, crowd)
    guest = await guest_of(there, crowd, doctor)
    assert guest.visit["encrypted"]
    everybody = {"patient": anna, "clinician": doctor, "guest1": guest}
    for sender, to in (("guest1", "all"), ("patient", "guest1")):
        data = {"kind": "key", "payload": f"from-{sender}"}
        who = everybody[sender]
        assert (await who.ask("signal", **of(who), to=to, data=data))["type"] == "signalled"
        hearers = set(everybody) - {sender} if to == "all" else {to}
        for seat in hearers:
            await everybody[seat].until(lambda one, data=data: data in keys_heard(one))
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    assert await guest.closed() == REMOVED


def keys_heard(driver: Driver) -> list[Message]:
    return [each["data"] for each in driver.frames if each["type"] == "signal"]


async def test_no_more_guests_than_the_queue_allows(start: Start, crowd: People) -> None:
    node = await start(queue_guests=1)
    anna, doctor = await visit_of(node, crowd)
    assert anna.visit["slots"] == 2
    assert anna.welcome["queues"][0]["slots"] == 2
    await invite(doctor)
    request = of(doctor) | {"kind": "colleague", "key": "g2"}
    assert await doctor.errors("invite", **request) == "guests_full"
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    assert (await invite(doctor, "g2"))["guest"] == "guest1"


async def test_a_stale_clinician_asks_nobody_in_or_out(node: Served, crowd: People) -> None:
    _, doctor = await visit_of(node, crowd)
    stale = of(doctor) | {"epoch": doctor.visit["epoch"] - 1}
    assert await doctor.errors("invite", **stale, kind="guardian", key="k") == "stale_epoch"
    assert await doctor.errors("remove_guest", **stale, guest="guest1") == "stale_epoch"
    nurse = await crowd.clinician(node, "nurse")
    for kind, fields in (
        ("invite", {"kind": "guardian", "key": "k"}),
        ("remove_guest", {"guest": "guest1"}),
    ):
        assert await nurse.errors(kind, **of(doctor), **fields) == "no_visit"
    for bad in ("friend", ""):
        assert await doctor.errors("invite", **of(doctor), kind=bad, key="k") == "bad_message"
    assert await doctor.errors("remove_guest", **of(doctor), guest="patient") == "bad_message"


async def test_a_lost_hint_keeps_nobody_in_for_longer_than_a_second(
    start: Start, crowd: People, provider: str
) -> None:
    here, there = await start(), await start()
    _, doctor = await visit_of(here, crowd)
    guest = await guest_of(there, crowd, doctor)
    await there.node.feed.unsubscribe(QueueRef(provider, QUEUE))
    await doctor.ask("remove_guest", **of(doctor), guest="guest1")
    async with asyncio.timeout(IN_TIME_S + SLACK_S):
        assert await guest.closed() == REMOVED


async def test_guests_know_who_holds_the_visit_by_now(
    start: Start, crowd: People, store: QueueStore, provider: str
) -> None:
    node = await start(queue_visit_grace_ms=0)
    _, doctor = await visit_of(node, crowd)
    guest = await guest_of(node, crowd, doctor)
    ref, visit = QueueRef(provider, QUEUE), doctor.visit["id"]
    nurse = await crowd.clinician(node, "nurse")
    await nurse.ask("ready", queues=[QUEUE])
    held = (ref, visit, doctor.welcome["person"], 0)
    await store._link.queue("hold_on", *held)
    await store._link.queue("abandon", ref, 100, 0, 1, 0, 60_000, 3)
    await guest.until(lambda guest: guest.visit["state"] == "held")
    assert (await guest.ask("say", **of(guest), key="k", text="Hej"))["type"] == "said"
    taken = await nurse.ask("take_over", queue=QUEUE, visit=visit, key="mine")
    await guest.until(lambda guest: guest.visit["epoch"] == taken["visit"]["epoch"])
    assert people_in(nurse) == [*TWO, "guest1"]
    await nurse.ask("remove_guest", **of(nurse), guest="guest1")
    assert await guest.closed() == REMOVED


async def test_a_guest_whose_coming_in_was_lost_comes_in_again(
    start: Start, crowd: People, store: QueueStore, provider: str
) -> None:
    node = await start()
    _, doctor = await visit_of(node, crowd)
    invited = await invite(doctor)
    key = queue_key(QueueRef(provider, QUEUE), "visits")
    before = await store._link.do(lambda redis: redis.hget(key, doctor.visit["id"]))
    token = (await show(node, invited["code"])).body["token"]
    await store._link.do(lambda redis: redis.hset(key, doctor.visit["id"], before))
    guest = await enter(node, crowd, token)
    assert guest.guest["state"] == "in"
    await refused(node, invited["code"])
