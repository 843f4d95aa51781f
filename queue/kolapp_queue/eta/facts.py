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
    on_duty: Sequence[str]  # the clinicians, as the events name them
    # See `Line.masks`; {}: all fit all. Bits are in the order of `team`.
    masks: Mapping[int, int] = field(default_factory=dict)
    anybody: int = 0  # class of tickets that ask for nothing
    causes: tuple[Risen, ...] = ()
    causes_since: int = 0
    # Of those who serve other queues too: since when a visit there goes on (ms).
    elsewhere_ms: Mapping[str, int] = field(default_factory=dict)
    # When who mean to stop have said so.
    leaves_ms: Mapping[str, int] = field(default_factory=dict)
    # Of those who are not on duty: when who mean to come back have said so.
    returns_ms: Mapping[str, int] = field(default_factory=dict)
    # When the last number is drawn, by the opening hours or by an operator; None: no end in sight.
    joins_until_ms: int | None = None

    @property
    def team(self) -> list[str]:
        """Those on duty, then those who are expected."""
        return [*self.on_duty, *self.returns_ms]

    def fits(self) -> dict[str, frozenset[str]]:
        """By class, as events name it: who of the team takes it."""
        team = self.team
        return {
            f"{cls:02d}": frozenset(name for bit, name in enumerate(team) if mask >> bit & 1)
            for cls, mask in self.masks.items()
        }

    def expected(self) -> tuple[int, ...]:
        """The classes that nobody on duty takes, but somebody who is expected."""
        on_duty = (1 << len(self.on_duty)) - 1
        return tuple(cls for cls, mask in self.masks.items() if mask and not mask & on_duty)
