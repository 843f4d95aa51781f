"""Three and four legs: who is sent whom, in which section, with which numbers, and who is not."""

from __future__ import annotations

import gc
import weakref

import pytest
from kolapp_media.rtc.srtp import Workspace
from media_call import join, other_numbers, ours, received
from media_peers import QuietPeer, until


def of(peer: QuietPeer, ssrc: int) -> list[tuple[int, bytes]]:
    return [(number, payload) for each, number, payload in received(peer) if each == ssrc]


@pytest.mark.parametrize("people", [3, 4])
async def test_each_is_sent_all_others_each_in_a_section_of_its_own(call, people: int) -> None:
    peers, legs = await call.company(people)
    for number, peer in enumerate(peers):
        for kind in ("audio", "video"):
            for step in range(3):
                await peer.send(kind, 100 * number + step, b"%d %d" % (number, step), timestamp=9)

    for number, (peer, leg) in enumerate(zip(peers, legs, strict=True)):
        await peer.until(lambda peer=peer: len(peer.rtp) == 6 * (people - 1))
        others = [each for each in range(people) if each != number]
        for slot, other in enumerate(others):
            for kind in ("audio", "video"):
                assert of(peer, ours(leg, kind, slot=slot)) == [
                    (100 * other + step, b"%d %d" % (other, step)) for step in range(3)
                ]
    counted = [leg.counters.forwarded for leg in legs]
    assert counted == [6 * (people - 1)] * people


async def test_each_receivers_numbers_are_its_own(call) -> None:
    """Types, extensions and mids differ from receiver to receiver: each gets what it knows."""
    alice, alices = await call.participant(slots=2)
    bob, bobs = await call.participant(other_numbers, slots=2)
    carol, carols = await call.participant(slots=2)
    carols.incoming.wiring.hear([bobs.incoming.wiring, alices.incoming.wiring])
    bobs.incoming.wiring.hear([alices.incoming.wiring])

    await alice.send("video", 1, b"picture" * 100, mid="1")
    await bob.until(lambda: bob.rtp)
    await carol.until(lambda: carol.rtp)

    assert [each.payload_type for each in (*bob.rtp, *carol.rtp)] == [120, 97]
    assert [each.payload for each in (*bob.rtp, *carol.rtp)] == [b"picture" * 100] * 2
    assert [each.ssrc for each in carol.rtp] == [ours(carols, "video", slot=1)]
    assert carol.rtp[0].extensions.mid == "3"


async def test_one_who_leaves_is_no_longer_sent_and_the_others_go_on(call) -> None:
    (alice, bob, carol), (alices, bobs, carols) = await call.company(3)
    await alice.send("video", 1)
    await carol.send("video", 50)
    await bob.until(lambda: len(bob.rtp) == 2)
    await alice.until(lambda: alice.rtp)

    await alices.close()
    await carol.send("video", 51)
    await bob.send("video", 8)
    await bob.until(lambda: len(bob.rtp) == 3)
    await carol.until(lambda: len(carol.rtp) == 2)

    assert of(bob, ours(bobs, "video", slot=1)) == [(50, b"payload"), (51, b"payload")]
    assert of(carol, ours(carols, "video", slot=1)) == [(8, b"payload")]
    assert len(alice.rtp) == 1
    assert carols.counters.forwarded == 3  # to two, then to one


async def test_one_who_is_replaced_goes_on_at_all_others(call) -> None:
    (alice, bob, carol), (alices, bobs, carols) = await call.company(3)
    await alice.send("video", 65_535, timestamp=2**32 - 1_000)
    await bob.send("video", 7, timestamp=70)
    await bob.until(lambda: bob.rtp)
    await carol.until(lambda: len(carol.rtp) == 2)

    await alices.close()
    again, leg = await call.participant(slots=3)
    join(leg, bobs, carols)
    await again.send("video", 30_000, timestamp=77)
    await again.send("video", 30_001, timestamp=3_077)
    await bob.send("video", 8, timestamp=170)
    await bob.until(lambda: len(bob.rtp) == 3)
    await carol.until(lambda: len(carol.rtp) == 5)
    await again.until(lambda: again.rtp)

    for peer, ssrc in ((bob, ours(bobs, "video")), (carol, ours(carols, "video"))):
        packets = [each for each in peer.rtp if each.ssrc == ssrc]
        assert [each.sequence_number for each in packets] == [65_535, 0, 1]
        first, second, third = [each.timestamp for each in packets]
        assert 0 < (second - first) & 0xFFFFFFFF < 90_000 * 10
        assert (third - second) & 0xFFFFFFFF == 3_000
    # whom nothing happened to goes on as ever
    untouched = [each for each in carol.rtp if each.ssrc == ours(carols, "video", slot=1)]
    assert [(each.sequence_number, each.timestamp) for each in untouched] == [(7, 70), (8, 170)]


async def test_whoever_has_no_section_left_is_not_sent(call) -> None:
    alice, alices = await call.participant(slots=1)
    bob, bobs = await call.participant(slots=2)
    carol, carols = await call.participant(slots=2)
    join(alices, bobs, carols)
    await bob.send("video", 1, b"bob")
    await carol.send("video", 2, b"carol")
    await alice.send("video", 3, b"alice")
    await carol.until(lambda: len(carol.rtp) == 2)
    await bob.until(lambda: len(bob.rtp) == 2)
    await alice.until(lambda: alice.rtp)

    assert received(alice) == [(ours(alices, "video"), 1, b"bob")]
    assert carols.counters.forwarded == 1
    # whose picture does not go there is not limited by what arrives there
    assert alices.incoming.feedback not in carols.incoming.feedback.receivers


async def test_who_only_sends_is_nobodys_receiver(call) -> None:
    alice, alices = await call.participant()
    bob, bobs = await call.participant(lambda offer: offer.replace("a=sendrecv", "a=sendonly"))
    join(alices, bobs)
    await bob.send("video", 1)
    await alice.until(lambda: alice.rtp)

    assert alices.incoming.feedback.receivers == []
    assert bobs.incoming.feedback.receivers == [alices.incoming.feedback]


async def test_only_the_first_section_of_each_kind_publishes(call) -> None:
    """Whoever offers to send in more gets nothing through there: not in another's place, either."""
    (alice, bob, carol), (alices, bobs, _) = await call.company(3)
    bold = call.make(slots=3)
    for each in bold.sections:
        each.direction = "sendrecv"
    leg, answer = await call.legs.answer(await bold.offer())
    await bold.accept(answer)
    await bold.connected()
    await call.legs.reaches(leg, "connected")
    join(alices, bobs, leg)
    further = [each.sender._ssrc for each in bold.sections[2:]]
    for number, ssrc in enumerate(further):
        kind = ("audio", "video")[number % 2]
        await bold.send(kind, 100 + number, b"bold", ssrc=ssrc)
        await bold.send(kind, 200 + number, b"bold", ssrc=9_000 + number, mid=str(2 + number))
    await bold.send("audio", 1, b"voice")
    await until(lambda: leg.counters.held == 2 * len(further))
    await alice.until(lambda: alice.rtp)
    await bob.until(lambda: bob.rtp)

    assert received(alice) == [(ours(alices, "audio", slot=1), 1, b"voice")]
    assert received(bob) == [(ours(bobs, "audio", slot=1), 1, b"voice")]
    assert carol.rtp == []  # who is not with them is not reached at all


async def test_a_stream_that_was_not_announced_reaches_all(call) -> None:
    def nameless(offer: str) -> str:
        return "".join(
            line for line in offer.splitlines(keepends=True) if not line.startswith("a=ssrc")
        )

    alice, alices = await call.participant(nameless, slots=3)
    bob, bobs = await call.participant(slots=2)
    carol, carols = await call.participant(slots=2)
    join(alices, bobs, carols)

    await alice.send("video", 5, b"picture", ssrc=77)
    for peer, leg in ((bob, bobs), (carol, carols)):
        await peer.until(lambda peer=peer: peer.rtp)
        assert received(peer) == [(ours(leg, "video"), 5, b"picture")]


async def test_what_was_sent_again_to_us_reaches_all(call) -> None:
    (alice, bob, carol), (_, bobs, carols) = await call.company(3)
    await alice.send("video", 1, b"a")
    await alice.send("video", 3, b"c")
    await alice.send("video", 40, (2).to_bytes(2, "big") + b"b", repair=True)

    for peer, leg in ((bob, bobs), (carol, carols)):
        await peer.until(lambda peer=peer: len(peer.rtp) == 3)
        assert of(peer, ours(leg, "video")) == [(1, b"a"), (3, b"c"), (2, b"b")]


async def test_who_moves_to_another_section_goes_on_there(call) -> None:
    (alice, bob, _), (alices, bobs, carols) = await call.company(3)
    await alice.send("video", 10)
    await bob.until(lambda: bob.rtp)
    wirings = [each.incoming.wiring for each in (carols, alices)]
    assert bobs.incoming.wiring.hear(wirings) == wirings
    assert bobs.incoming.wiring.hear(wirings) == []

    await alice.send("video", 11)
    await bob.until(lambda: len(bob.rtp) == 2)
    assert [each.ssrc for each in bob.rtp] == [
        ours(bobs, "video", slot=0),
        ours(bobs, "video", slot=1),
    ]


async def test_a_leg_that_closes_is_sent_nothing_more_even_in_the_middle(call) -> None:
    """Its cipher is gone at once: a packet that is on its way to three goes to two."""
    (alice, bob, carol, dave), (alices, bobs, carols, daves) = await call.company(4)
    for sequence in range(300):
        await alice.send("video", sequence)
        if sequence == 100:
            carols.end()
        for peer in (bob, dave):  # no more on their way than a socket holds
            await peer.until(lambda peer=peer, n=sequence: len(peer.rtp) >= n - 50)
    await bob.until(lambda: len(bob.rtp) == 300)
    await dave.until(lambda: len(dave.rtp) == 300)

    assert [number for number, _ in of(bob, ours(bobs, "video"))] == list(range(300))
    assert [number for number, _ in of(dave, ours(daves, "video"))] == list(range(300))
    assert len(carol.rtp) <= 101
    assert alices.counters.held == 0


async def test_nobody_keeps_a_closed_legs_cipher(call) -> None:
    """The raw contexts of the hot path dangle once their session is gone: no route may hold one,
    and with nothing held the sessions go without a collection."""
    peers, legs = await call.company(4)
    for peer in peers:
        await peer.send("video", 1)
        await peer.send("audio", 1)
    for peer in peers:
        await peer.until(lambda peer=peer: len(peer.rtp) == 6)
    gone = [
        weakref.ref(cipher._session)
        for cipher in (legs[0]._outgoing._cipher, legs[0].incoming._cipher)
    ]
    rest = legs[1:]
    leg = legs.pop(0)
    gc.collect()
    gc.disable()
    try:
        await leg.close()
        assert gone[0]() is None
        for each in rest:
            for stream in each.incoming._streams.values():
                assert all(route.outgoing is not leg._outgoing for route in stream.routes)
            for section in each._sections:
                source = section.track.source
                assert source is None or source.stream not in leg.incoming._streams.values()
            assert leg.incoming.feedback not in each.incoming.feedback.sources
            assert leg.incoming.feedback not in each.incoming.feedback.receivers
            assert leg.incoming.wiring not in each.incoming.wiring._slots
            assert leg.incoming.wiring not in each.incoming.wiring._receivers
        assert leg.incoming.wiring._receivers == {}
        call.legs.states.pop(leg)
        del leg
        assert gone[1]() is None
    finally:
        gc.enable()


async def test_what_several_are_sent_is_what_was_received(call) -> None:
    """Packets of every size, each rewritten and encrypted in the one buffer for three."""
    (alice, *others), (alices, *_) = await call.company(4)
    payloads = [bytes([size % 251]) * size for size in (0, 1, 17, 500, 1_172)]
    for number, payload in enumerate(payloads):
        await alice.send("video", number, payload)
    for peer in others:
        await peer.until(lambda peer=peer: len(peer.rtp) == len(payloads))
        assert [each.payload for each in peer.rtp] == payloads
    assert isinstance(alices._engine.workspace, Workspace)
    assert alices.counters.unsent == 0
