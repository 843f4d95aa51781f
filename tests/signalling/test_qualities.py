"""How legs do: the newest word about each, to both people of the visit, and counted once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from kolapp_media.model import Flow, LegQuality
from kolapp_signalling import qualities
from kolapp_signalling.messages import QualityNow
from kolapp_signalling.metrics import Metrics
from kolapp_signalling.qualities import Qualities, tell_qualities


def word(
    visit: str,
    participant: str,
    *,
    round_trip_ms: float = 20.0,
    generation: int = 1,
    epoch: int = 1,
) -> LegQuality:
    up, down = Flow(0.01, 2.0, 900), Flow(0.03, 4.0, 700)
    return LegQuality(visit, epoch, participant, generation, round_trip_ms, up, down, 800, 7)


def round_trips(told: QualityNow) -> dict[str, float]:
    return {leg.role: leg.round_trip_ms for leg in told.legs}


def test_the_newest_word_about_each_leg_is_kept() -> None:
    found = Qualities()
    found.heard(word("v1", "patient", round_trip_ms=20))
    found.heard(word("v1", "patient", round_trip_ms=30))
    found.heard(word("v1", "clinician", round_trip_ms=40))
    found.heard(word("v2", "patient", round_trip_ms=50))

    told = found.take()
    assert {visit: round_trips(each) for visit, each in told.items()} == {
        "v1": {"patient": 30, "clinician": 40},
        "v2": {"patient": 50},
    }
    first = told["v1"].legs[0]
    assert (first.up.loss, first.down.kbps, first.silent_ms) == (0.01, 700, 7)
    assert found.take() == {}


def test_a_word_about_an_older_leg_is_the_past() -> None:
    found = Qualities()
    found.heard(word("v1", "patient", generation=2, round_trip_ms=30))
    found.heard(word("v1", "patient", generation=1))
    assert round_trips(found.take()["v1"]) == {"patient": 30}

    found.heard(word("v1", "patient", generation=9))
    found.heard(word("v1", "patient", epoch=2, round_trip_ms=30))
    assert round_trips(found.take()["v1"]) == {"patient": 30}


def test_words_are_bounded() -> None:
    found = Qualities()
    for number in range(qualities.MOST_LEGS + 5):
        found.heard(word(f"v{number}", "patient"))

    assert len(found.take()) == qualities.MOST_LEGS


async def test_what_somebody_was_told_is_counted() -> None:
    found, metrics = Qualities(), Metrics()
    found.heard(word("here", "patient"))
    found.heard(word("elsewhere", "patient"))
    done = asyncio.Event()

    def tell(now: Mapping[str, QualityNow]) -> list[QualityNow]:
        if now:
            asyncio.get_running_loop().call_soon(done.set)
        return [each for visit, each in now.items() if visit == "here"]

    telling = asyncio.create_task(tell_qualities(found, 0.0, tell, metrics.leg))
    async with asyncio.timeout(5):
        await done.wait()
    telling.cancel()

    text = metrics.text().decode()
    assert "kolapp_leg_round_trip_seconds_count 1.0" in text
    assert 'kolapp_leg_loss_ratio_bucket{direction="up",le="0.01"} 1.0' in text
    assert 'kolapp_leg_loss_ratio_bucket{direction="down",le="0.02"} 0.0' in text
    assert 'kolapp_leg_jitter_seconds_count{direction="up"} 1.0' in text
    assert 'kolapp_leg_bits_per_second_count{direction="down"} 1.0' in text
