"""How the legs of visits do, as the media nodes tell: kept until the next round tells people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from kolapp_media.model import Flow, LegQuality

from .messages import QualityNow
from .parts import FlowInfo, LegInfo

# Legs remembered between two rounds at most; the quality of further ones is told the next time.
MOST_LEGS = 8_192
ROUND_S = 1.0  # both legs of a visit in one message, and somebody who is gone is soon missed


class Qualities:
    """Pure. One word a leg: the newest."""

    def __init__(self) -> None:
        self._legs: dict[str, dict[str, LegQuality]] = {}  # by visit and participant
        self._count = 0

    def heard(self, quality: LegQuality) -> None:
        legs = self._legs.get(quality.visit, {})
        known = legs.get(quality.participant)
        if known is None:
            if self._count >= MOST_LEGS:
                return
            self._count += 1
        elif (known.media_epoch, known.generation) > (quality.media_epoch, quality.generation):
            return  # about the past
        self._legs.setdefault(quality.visit, legs)[quality.participant] = quality

    def take(self) -> dict[str, QualityNow]:
        """By visit, what was heard since the last time."""
        legs, self._legs, self._count = self._legs, {}, 0
        return {visit: quality_now(visit, found) for visit, found in legs.items()}


def quality_now(visit: str, legs: Mapping[str, LegQuality]) -> QualityNow:
    return QualityNow(
        visit=visit,
        legs=[
            LegInfo(
                role=each.participant,
                round_trip_ms=each.round_trip_ms,
                up=_flow(each.up),
                down=_flow(each.down),
                limit_kbps=each.limit_kbps,
                silent_ms=each.silent_ms,
            )
            for each in legs.values()
        ],
    )


def _flow(flow: Flow) -> FlowInfo:
    return FlowInfo(flow.loss, flow.jitter_ms, flow.kbps)


async def tell_qualities(
    qualities: Qualities,
    every_s: float,
    tell: Callable[[Mapping[str, QualityNow]], list[QualityNow]],
    count: Callable[[LegInfo], None],
) -> None:
    """Round after round, for ever. `tell` returns what somebody here was told: that is counted,
    so that several nodes do not count one leg several times."""
    while True:
        await asyncio.sleep(every_s)
        for told in tell(qualities.take()):
            for leg in told.legs:
                count(leg)
