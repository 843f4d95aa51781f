import pytest
from av import AudioFrame
from kolapp_loadtest.tone import EAR_FRAMES, Tone, ToneMeter


@pytest.mark.parametrize("hertz", [440, 1_000])
async def test_a_tone_is_heard_at_its_pitch(hertz: int) -> None:
    source, meter = Tone(hertz), ToneMeter()
    for _ in range(10):
        meter.hear(await source.recv())
    assert abs(meter.hertz() - hertz) < 6
    assert 0.15 < meter.level < 0.2  # 8,000 of 32,768, as RMS
    assert meter.frames == 10


def test_silence_has_no_level_and_no_pitch() -> None:
    meter = ToneMeter()
    assert meter.hertz() == 0.0
    silence = AudioFrame(format="s16", layout="stereo", samples=960)
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    silence.sample_rate = 48_000
    for _ in range(EAR_FRAMES):
        meter.hear(silence)
    assert (meter.level, meter.hertz()) == (0.0, 0.0)
