"""What a live forecast is told by the store beside the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..model import Risen


@dataclass(frozen=True, slots=True)
class Facts:
    """At one moment."""

    now_ms: int
    version: int
    on_duty: Sequence[str]  # the clinicians, as the events name them, in the order of the bits
    masks: Mapping[int, int] = field(default_factory=dict)  # see `Line.masks`; {}: all fit all
    anybody: int = 0  # class of tickets that ask for nothing
    causes: tuple[Risen, ...] = ()
    causes_since: int = 0
    # Of those who serve other queues too: since when a visit there goes on (ms).
    elsewhere_ms: Mapping[str, int] = field(default_factory=dict)
    # When who mean to stop have said so.
    leaves_ms: Mapping[str, int] = field(default_factory=dict)
    # When the last number is drawn, by the opening hours or by an operator; None: no end in sight.
    joins_until_ms: int | None = None

    def fits(self) -> dict[str, frozenset[str]]:
        """By class, as events name it: who of those on duty takes it."""
        return {
            f"{cls:02d}": frozenset(
                name for bit, name in enumerate(self.on_duty) if mask >> bit & 1
            )
            for cls, mask in self.masks.items()
        }
