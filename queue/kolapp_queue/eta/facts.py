"""What a live forecast is told by the store beside the events."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..model import Risen


@dataclass(frozen=True, slots=True)
class Facts:
    """At one moment."""

    now_ms: int
    version: int
    on_duty: Collection[str]  # the clinicians, as the events name them
    masks: Mapping[int, int] = field(default_factory=dict)  # see `Line.masks`; {}: all fit all
    anybody: int = 0  # class of tickets that ask for nothing
    causes: tuple[Risen, ...] = ()
    causes_since: int = 0
    # Of those who serve other queues too: since when a visit there goes on (ms).
    elsewhere_ms: Mapping[str, int] = field(default_factory=dict)
