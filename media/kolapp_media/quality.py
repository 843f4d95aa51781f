"""A leg's figures as its visit's people are told them."""

from __future__ import annotations

from .model import Flow, LegQuality
from .rtc import rates
from .rtc.forward import Incoming


def quality_of(
    visit: str,
    media_epoch: int,
    participant: str,
    generation: int,
    incoming: Incoming,
    now: float,
) -> LegQuality:
    """`now` is monotonic."""
    feedback = incoming.feedback
    return LegQuality(
        visit=visit,
        media_epoch=media_epoch,
        participant=participant,
        generation=generation,
        round_trip_ms=round(feedback.round_trip * 1000, 1),
        up=_flow(feedback.rates.up),
        down=_flow(feedback.rates.down),
        limit_kbps=feedback.told_bandwidth // 1000,
        silent_ms=max(0, round((now - feedback.heard_at) * 1000)),
    )


def _flow(flow: rates.Flow) -> Flow:
    return Flow(
        loss=round(flow.loss, 4),
        jitter_ms=round(flow.jitter * 1000, 1),
        kbps=round(flow.bits / 1000),
    )
