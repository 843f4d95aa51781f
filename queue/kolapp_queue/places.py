"""Every place in a line, and why one rose. Pure.

A place is 1 + the earlier tickets that stand in front of it: those, present or away, for whom at
least one clinician on duty could be pulled who could also be for me. If nobody on duty fits me,
those of my own class stand in front. `lua/queue` decides who is pulled; this says what it means.
"""

from __future__ import annotations

from collections.abc import Mapping

from .model import Line, Risen
from .states import Rise

MOST_CLASSES = 64


def positions(line: Line) -> list[int]:
    """The place of each who waits, beside `line.waiting`; 1 is next."""
    import numpy as np  # here, because who imports the model should not wait for it

    classes = np.asarray(line.classes, dtype=np.int64)
    if not classes.size:
        return []
    places = np.zeros(classes.size, dtype=np.int64)
    present = [int(cls) for cls in np.unique(classes)]
    for cls in present:
        ahead = np.zeros(MOST_CLASSES, dtype=np.int64)
        ahead[[other for other in present if shares(line.masks, other, cls)]] = 1
        mine = classes == cls
        # Each counts itself, so this is 1 + those before.
        places[mine] = np.cumsum(ahead[classes])[mine]
    found: list[int] = places.tolist()
    return found


def newcomer(line: Line, mask: int) -> int:
    """The place that somebody would get who joins now with needs that these clinicians on duty fit
    (bits as in `line.masks`); if nobody does, the last of all: nothing is promised."""
    if not mask:
        return len(line.classes) + 1
    return 1 + sum(1 for cls in line.classes if line.masks.get(cls, 0) & mask)


def everybody(line: Line) -> int:
    """The mask of all clinicians on duty: whom a ticket that asks for nothing fits."""
    return (1 << line.on_duty) - 1


def why_risen(line: Line, index: int, since: int) -> Rise | None:
    """Why the place of `line.waiting[index]` is further back than it was told at version `since`;
    None if nothing is known that could be why (then it did not rise).

    The newest of what can have done it. After more causes than are kept, the newest of all."""
    cls, order = line.classes[index], line.orders[index]
    for cause in reversed(line.causes):
        if cause.version > since and _puts_back(line.masks, cause, cls, order):
            return cause.rise
    if line.causes and since < line.causes_since:
        return line.causes[-1].rise
    return None


def _puts_back(masks: Mapping[int, int], cause: Risen, cls: int, order: tuple[int, int]) -> bool:
    if cause.cls < 0:
        return True
    earlier = (cause.order_key, cause.number) < order
    return earlier and shares(masks, cause.cls, cls)


def shares(masks: Mapping[int, int], other: int, mine: int) -> bool:
    """Whether tickets of the class `other` stand in front of those of `mine`."""
    if not masks.get(mine, 0):
        return other == mine
    return bool(masks.get(other, 0) & masks[mine])
