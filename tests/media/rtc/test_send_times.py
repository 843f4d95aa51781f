"""A browser that is sent several people is told times of one clock; of one, as they came."""

from __future__ import annotations

import itertools

from kolapp_media.rtc.send_times import _LOOKS
from media_call import join
from media_peers import QuietPeer

SECOND = 1 << 18
WRAP = 1 << 24
SEQUENCE = itertools.count(1)
SOON_S = 10  # what a slow machine may take; their clocks differ by more


async def say(sender: QuietPeer, receiver: QuietPeer, time: int | None) -> int | None:
    """What arrives of a packet that says it was sent then."""
    number = next(SEQUENCE)
    await sender.send("video", number, b"%d" % number, send_time=time)
    await receiver.until(lambda: any(each.payload == b"%d" % number for each in receiver.rtp))
    (found,) = [each for each in receiver.rtp if each.payload == b"%d" % number]
    return found.extensions.abs_send_time


def later(now: int | None, before: int | None) -> float:
    """Seconds from one to the other, on a clock that goes round every 64."""
    assert now is not None
    assert before is not None
    return ((now - before + WRAP // 2) % WRAP - WRAP // 2) / SECOND


async def test_of_one_person_times_are_passed_on_as_they_are(call) -> None:
    alice, alices = await call.participant(slots=3)
    bob, bobs = await call.participant(slots=3)
    join(alices, bobs)

    assert [await say(alice, bob, time) for time in (5, WRAP - 1, 77)] == [5, WRAP - 1, 77]


async def test_several_clocks_become_one_that_goes_on_from_whom_was_seen_before(call) -> None:
    alice, alices = await call.participant(slots=3)
    bob, bobs = await call.participant(slots=3)
    join(alices, bobs)
    alices_clock, carols_clock = 60 * SECOND, 20 * SECOND
    first = await say(alice, bob, alices_clock)
    assert first == alices_clock

    carol, carols = await call.participant(slots=3)
    join(alices, bobs, carols)
    alices.incoming._streams[alice.ssrc("video")].at += 3_600  # however slow this machine is
    # who comes says nothing before it is known what was told so far
    assert await say(carol, bob, carols_clock) is None
    for step in range(1, _LOOKS + 1):
        time = alices_clock + step * SECOND // 128
        assert await say(alice, bob, time) == time
    told = [time]
    for step in range(1, 5):
        told.append(await say(carol, bob, carols_clock + step * 12 * SECOND))
        told.append(await say(alice, bob, alices_clock + step * 16 * SECOND))
    for before, now in itertools.pairwise(told):
        assert 0 < later(now, before) < SOON_S  # the time that passed here, whatever theirs say

    # and it stays so for whoever is left
    await alices.close()
    last = await say(carol, bob, carols_clock + 30 * SECOND)
    assert 0 < later(last, told[-1]) < SOON_S
    # and for who comes then
    dave, daves = await call.participant(slots=3)
    join(daves, bobs, carols)
    assert 0 < later(await say(dave, bob, carols_clock + 40 * SECOND), last) < SOON_S


async def test_each_receiver_has_a_clock_of_its_own(call) -> None:
    (alice, bob, carol), _ = await call.company(3)
    for _ in range(_LOOKS):
        first = await say(alice, bob, 10 * SECOND)
        other = await say(bob, alice, 50 * SECOND)
        assert (first, other) == (10 * SECOND, 50 * SECOND)
    assert 0 < later(await say(carol, bob, 40 * SECOND), first) < SOON_S
    assert 0 < later(await say(carol, alice, 40 * SECOND), other) < SOON_S


async def test_whose_picture_stands_still_keeps_nobody_waiting(call) -> None:
    alice, alices = await call.participant(slots=3)
    bob, bobs = await call.participant(slots=3)
    join(alices, bobs)
    await say(alice, bob, 60 * SECOND)
    carol, carols = await call.participant(slots=3)
    join(alices, bobs, carols)
    alices.incoming._streams[alice.ssrc("video")].at -= 5  # as if it were so long ago

    assert await say(carol, bob, 20 * SECOND) == 20 * SECOND


async def test_a_packet_that_was_long_on_its_way_does_not_lead(call) -> None:
    """By what the slow ones said, all later ones would seem to have waited as long."""
    (alice, bob, carol), _ = await call.company(3)
    for late in (20, *range(1, _LOOKS)):  # seconds, on a line that is empty by and by
        told = await say(alice, bob, 50 * SECOND - late * SECOND)
    assert 0 < later(await say(carol, bob, 0), 49 * SECOND) < SOON_S
    assert told == (50 - _LOOKS + 1) * SECOND


async def test_a_packet_that_says_no_time_is_told_none(call) -> None:
    (alice, bob, _), _ = await call.company(3)

    assert await say(alice, bob, None) is None
    assert await say(alice, bob, 7) == 7
    assert await say(alice, bob, None) is None
