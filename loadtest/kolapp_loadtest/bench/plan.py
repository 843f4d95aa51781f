"""When what is done: an open-loop plan, fixed before the first pull. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Plan:
    """Offsets from the start in nanoseconds, ascending."""

    pulls_ns: tuple[int, ...]
    floors_ns: tuple[int, ...]


def make_plan(per_s: float, duration_s: float, seed: int = 1) -> Plan:
    """One pull and one floor sample in every period, at random in different halves of it.

    An even beat would lock on to the server's own ticks (five pulls a second always meet the
    one-second tick in the same phase) and measure one phase only; and neither kind of sample
    may always come right after the other.
    """
    random = Random(seed)
    period_ns = 1_000_000_000 / per_s
    pulls, floors = [], []
    for number in range(max(1, round(per_s * duration_s))):
        early = (number + random.uniform(0.0, 0.4)) * period_ns
        late = (number + random.uniform(0.5, 0.9)) * period_ns
        pull, floor = random.sample((early, late), 2)
        pulls.append(int(pull))
        floors.append(int(floor))
    return Plan(tuple(pulls), tuple(floors))
