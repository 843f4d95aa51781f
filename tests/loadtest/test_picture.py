import numpy as np
import pytest
from av import VideoFrame
from kolapp_loadtest.picture import HEIGHT, MovingPicture, PictureMeter, paint, read


def frame(mark: int, counter: int) -> VideoFrame:
    return VideoFrame.from_ndarray(paint(mark, counter), format="yuv420p")


@pytest.mark.parametrize(("mark", "counter"), [(0, 0), (15, 65_535), (9, 12_345), (6, 1)])
def test_what_is_painted_can_be_read(mark: int, counter: int) -> None:
    assert read(paint(mark, counter)[:HEIGHT]) == (mark, counter)


def test_it_can_be_read_through_the_noise_of_a_codec() -> None:
    noise = np.random.default_rng(1).integers(-60, 61, size=(HEIGHT, 320))
    blurred = np.clip(paint(5, 4_321)[:HEIGHT] + noise, 0, 255).astype(np.uint8)
    assert read(blurred) == (5, 4_321)


def test_the_meter_counts_change_loss_and_senders() -> None:
    meter = PictureMeter()
    for mark, counter in [(3, 10), (3, 11), (3, 11), (3, 15), (4, 16)]:
        meter.see(frame(mark, counter))
    assert (meter.frames, meter.changed, meter.skipped) == (5, 3, 3)
    assert meter.marks == {3, 4}


def test_a_still_picture_has_not_changed() -> None:
    meter = PictureMeter()
    for _ in range(3):
        meter.see(frame(1, 7))
    assert meter.changed == 0


def test_the_counter_may_wrap_around() -> None:
    meter = PictureMeter()
    for counter in (65_534, 65_535, 65_536, 65_537):
        meter.see(frame(1, counter))
    assert meter.skipped == 0


async def test_the_source_paints_one_frame_after_the_other() -> None:
    source, meter = MovingPicture(mark=8), PictureMeter()
    frames = [await source.recv() for _ in range(3)]
    for one in frames:
        meter.see(one)
    assert [one.pts for one in frames] == [0, 3_000, 6_000]
    assert (meter.changed, meter.skipped, meter.marks) == (2, 0, {8})
