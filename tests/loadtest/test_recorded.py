"""A recording says who sent it, and joins its end to its beginning."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from av import Packet
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from kolapp_loadtest.picture import FRAMES_PER_S, PictureMeter
from kolapp_loadtest.recorded import Played, picture, tone
from kolapp_loadtest.tone import ToneMeter


def test_every_picture_can_be_read_by_itself() -> None:
    meter = PictureMeter()
    for frame in picture(11).frames:
        alone = VideoCodecContext.create("libvpx", "r")  # knows no picture before it
        for decoded in alone.decode(Packet(frame)):
            meter.see(decoded)
    assert (meter.frames, meter.marks, meter.skipped) == (FRAMES_PER_S, {11}, 0)


def test_a_tone_keeps_its_pitch_where_it_begins_again() -> None:
    meter, codec = ToneMeter(), AudioCodecContext.create("libopus", "r")
    frames = tone(460).frames
    for frame in (*frames, *frames[:10]):
        for decoded in codec.decode(Packet(frame)):
            if decoded.format.name != "s16":
                loud = (decoded.to_ndarray() * 32_767).astype(np.int16)
                decoded = type(decoded).from_ndarray(loud[:1], format="s16", layout="mono")
                decoded.sample_rate = 48_000
            meter.hear(decoded)
    assert abs(meter.hertz() - 460) < 5


async def test_frames_are_played_in_a_loop_and_on_time() -> None:
    late: list[int] = []
    track = Played(picture(1), late.append)
    packets = [await track.recv() for _ in range(4)]
    assert [one.pts for one in packets] == [0, 3000, 6000, 9000]
    assert packets[1].time_base == Fraction(1, 90_000)
    assert bytes(packets[2]) == picture(1).frames[2]
    assert all(ns >= 0 for ns in late)
    track._sent = FRAMES_PER_S
    assert bytes(await track.recv()) == picture(1).frames[0]
    track.stop()
