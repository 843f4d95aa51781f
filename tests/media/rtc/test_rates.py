"""Bandwidth crosses from the receivers to the publisher; the weakest hop decides."""

from __future__ import annotations

import time

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from kolapp_media.settings import MediaSettings
from media_call import ours
from media_peers import QuietPeer, until


def told(peer: QuietPeer) -> list[int]:
    """What a browser was told that it may send, in bits a second."""
    return [
        unpack_remb_fci(each.fci)[0]
        for each in peer.rtcp
        if isinstance(each, RtcpPsfbPacket) and each.fmt == RTCP_PSFB_APP
    ]


async def says(peer: QuietPeer, bits: int) -> None:
    fci = pack_remb_fci(bits, [1])
    await peer.report(
        RtcpRrPacket(ssrc=1),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci),
    )


class Clock:
    """Lets a second pass for both legs without waiting for it."""

    def __init__(self, *legs: object) -> None:
        self._legs = legs
        self.now = time.monotonic()

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds
        for leg in self._legs:
            leg.incoming.tick(self.now)


async def test_what_a_receiver_can_take_reaches_the_publisher(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    clock = Clock(alices, bobs)
    clock.tick()
    await alice.send("video", 1)
    await bob.until(lambda: bob.rtp)
    clock.tick()
    await alice.until(lambda: told(alice))

    await says(bob, 400_000)
    await alice.until(lambda: told(alice)[-1] < 401_000)

    assert 399_000 < told(alice)[-1] <= 400_000
    packet = next(each for each in alice.rtcp[::-1] if isinstance(each, RtcpPsfbPacket))
    assert {*unpack_remb_fci(packet.fci)[1]} == {alice.ssrc("audio"), alice.ssrc("video")}
    assert min(told(bob), default=800_000) >= 799_000  # nothing limits the other way


async def test_a_publisher_begins_with_a_good_picture(call, settings: MediaSettings) -> None:
    alice, alices, _, bobs = await call.joined()
    Clock(alices, bobs).tick()
    await alice.until(lambda: told(alice))

    assert told(alice)[0] == pytest.approx(settings.first_bandwidth, rel=0.01)


async def test_nobody_is_told_more_than_the_most(call, settings: MediaSettings) -> None:
    alice, alices, bob, bobs = await call.joined()
    clock = Clock(alices, bobs)
    clock.tick()
    await alice.send("video", 1)
    await bob.until(lambda: bob.rtp)
    clock.tick()
    await says(bob, 90_000_000)
    clock.now = time.monotonic()
    await until(lambda: bobs.incoming.feedback.rates.said.bits)

    carried = bobs.incoming.feedback.rates.carries(clock.now)
    assert alices.incoming.feedback.rates.limit([carried], clock.now) == settings.most_bandwidth


async def test_who_sends_no_feedback_gets_a_small_picture(call, settings: MediaSettings) -> None:
    alice, alices, bob, bobs = await call.joined()
    clock = Clock(alices, bobs)
    clock.tick()
    for second in range(9):
        await alice.send("video", second)
        await bob.until(lambda: bob.rtp and bob.rtp[-1].sequence_number == second)  # noqa: B023
        clock.tick()
    await alice.until(lambda: told(alice) and told(alice)[-1] < 700_000)

    assert told(alice)[-1] == pytest.approx(settings.silent_bandwidth, rel=0.01)
    assert told(alice)[0] > settings.silent_bandwidth


async def test_loss_on_the_way_to_a_receiver_lowers_what_is_sent(call) -> None:
    alice, alices, bob, bobs = await call.joined()
    clock = Clock(alices, bobs)
    clock.tick()
    for sequence in range(20):
        await alice.send("video", sequence, bytes(1_000))
    await bob.until(lambda: len(bob.rtp) == 20)
    lost = RtcpReceiverInfo(
        ssrc=ours(bobs, "video"),
        fraction_lost=77,
        packets_lost=6,
        highest_sequence=20,
        jitter=900,
        lsr=0,
        dlsr=0,
    )
    await bob.report(RtcpRrPacket(ssrc=1, reports=[lost]))
    await until(lambda: bobs.incoming.feedback.rates.down.loss)
    clock.tick()
    clock.tick(0.5)
    await alice.until(lambda: told(alice) and told(alice)[-1] < 300_000)

    down = bobs.incoming.feedback.rates.down
    assert (round(down.loss, 2), down.jitter) == (0.3, 0.01)


async def test_loss_on_the_way_here_lowers_what_is_sent(call) -> None:
    alice, alices, _, bobs = await call.joined()
    clock = Clock(alices, bobs)
    await alice.send("video", 0, bytes(1_000))
    await until(lambda: alices.counters.forwarded == 1)
    clock.tick()
    for sequence in range(2, 40, 2):  # every second one is lost
        await alice.send("video", sequence, bytes(1_000))
    await until(lambda: alices.counters.forwarded == 20)
    clock.tick()
    await alice.until(lambda: told(alice) and told(alice)[-1] < 200_000)

    up = alices.incoming.feedback.rates.up
    assert (up.loss, up.bits) == (0.5, pytest.approx(19 * 1_012 * 8))


async def test_old_pictures_do_not_crowd_out_sound(call, settings: MediaSettings) -> None:
    _, alices, bob, bobs = await call.joined()
    assert bobs.incoming.feedback._affordable_resends() == settings.resends_per_second

    await says(bob, 400_000)
    await until(lambda: bobs.incoming.feedback.rates.said.bits)

    assert alices.state == "connected"
    assert bobs.incoming.feedback._affordable_resends() == 10


async def flows(publishers: list[QuietPeer], receivers: list[QuietPeer], clock: Clock) -> None:
    """A second in which each of those sends ten packets and these get them all."""
    before = [len(each.rtp) for each in receivers]
    for peer in publishers:
        start = int(clock.now) * 100
        for sequence in range(start, start + 10):
            await peer.send("video", sequence & 0xFFFF, bytes(1_000))
    for peer, had in zip(receivers, before, strict=True):
        others = len(publishers) - (peer in publishers)
        await peer.until(lambda peer=peer, most=had + 10 * others: len(peer.rtp) >= most)
    clock.tick()


PATIENT = MediaSettings(feedback_patience=600.0)  # what is said stays said, on any machine


@pytest.mark.parametrize("settings", [PATIENT])
async def test_the_weakest_receiver_decides(call) -> None:
    (alice, bob, carol, dave), legs = await call.company(4)
    clock = Clock(*legs)
    clock.tick()
    await flows([alice], [bob, carol, dave], clock)
    for peer, bits in ((bob, 900_000), (carol, 250_000), (dave, 700_000)):
        await says(peer, bits)
    await alice.until(lambda: told(alice) and told(alice)[-1] == pytest.approx(250_000, rel=0.01))

    await legs[2].close()  # and who has gone decides nothing
    clock.now = max(clock.now, time.monotonic())
    legs[0].incoming.feedback.tell_bandwidth(clock.now + 1)
    await alice.until(lambda: told(alice)[-1] == pytest.approx(700_000, rel=0.01))


@pytest.mark.parametrize("settings", [PATIENT])
async def test_who_is_sent_several_pictures_has_a_part_of_the_line_for_each(call) -> None:
    (alice, bob, carol), legs = await call.company(3)
    clock = Clock(*legs)
    clock.tick()
    await flows([alice, bob], [carol], clock)
    await says(carol, 120_000)
    rates = [each.incoming.feedback.rates for each in legs]
    await until(lambda: rates[2].said.bits)
    clock.now = max(clock.now, time.monotonic())

    carried = legs[2].incoming.feedback._carries(legs[0].incoming.feedback, clock.now)
    assert carried == pytest.approx(60_000, rel=0.01)  # the other takes more than a half now
    rates[1].up.bits = 20_000.0
    carried = legs[2].incoming.feedback._carries(legs[0].incoming.feedback, clock.now)
    assert carried == pytest.approx(100_000, rel=0.01)  # what the other leaves
    await alice.until(lambda: told(alice) and told(alice)[-1] < 130_000)


@pytest.mark.parametrize("settings", [PATIENT])
async def test_loss_of_several_pictures_counts_by_what_was_sent(call) -> None:
    (alice, bob, carol), legs = await call.company(3)
    for sequence in range(30):
        await alice.send("video", sequence)
        if sequence < 10:
            await bob.send("video", sequence)
    await carol.until(lambda: len(carol.rtp) == 40)
    reports = [
        RtcpReceiverInfo(
            ssrc=ours(legs[2], "video", slot=slot),
            fraction_lost=fraction,
            packets_lost=0,
            highest_sequence=30,
            jitter=900,
            lsr=0,
            dlsr=0,
        )
        for slot, fraction in enumerate((0, 128))
    ]
    await carol.report(RtcpRrPacket(ssrc=1, reports=reports))
    down = legs[2].incoming.feedback.rates.down
    await until(lambda: down.loss)

    assert down.loss == pytest.approx(0.5 * 10 / 40)
    assert down.jitter == pytest.approx(0.01)
