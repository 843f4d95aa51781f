"""Why a place is further back than it was, for a node that has not told it before: its patient
comes from another one. Pure.

The node before knew what it had told. This one looks at what happened lately: the newest cause that
puts this ticket back counts, if the ticket was in the line by then and nobody in front of it has
gone since, for then its place has fallen again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .model import Line, Risen
from .places import positions, shares
from .states import Rise

# Steps that bring a ticket into the line, and those that take one out of it.
CAME = frozenset(("join", "restore", "arrive", "miss", "give_back", "undo_pull", "clinician_gone"))
WENT = frozenset(("pull", "pull_ticket", "expire", "close", "set_aside"))
WENT_UNCALLED = frozenset(("leave", "erase"))  # also steps of who is called or in a visit


@dataclass(frozen=True, slots=True)
class _Gone:
    version: int
    cls: int
    order: tuple[int, int]


class Recent:
    """What happened to a line before it was read, by the last of its events, oldest first;
    `whole`: there were no others."""

    def __init__(self, line: Line, events: Iterable[Mapping[str, Any]], *, whole: bool) -> None:
        self.line = line
        self._came: dict[str, int] = {}  # version, by ticket
        self._gone: list[_Gone] = []
        self._since = 0 if whole else line.version  # nothing is known of what was before
        # Places if the clinician were not there who came at that version.
        self._without: dict[int, list[int]] = {}
        self._places: list[int] | None = None
        for event in events:
            if event["version"] <= line.version:
                self._since = min(self._since, event["version"])
                self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        step = event["step"]
        if step in CAME and event["state"] == "waiting":
            self._came[event["ticket"]] = event["version"]
        elif step in WENT or (step in WENT_UNCALLED and not event.get("visit")):
            # Of what could not be read nothing is known: it counts as the first of all.
            order = (event.get("order_key") or 0, event["number"])
            self._gone.append(_Gone(event["version"], int(event["class"] or 0), order))

    def why_risen(self, index: int) -> Rise | None:
        """Why the place of `line.waiting[index]` rose last, unless it has fallen since."""
        line = self.line
        since = max(self._since, self._came.get(line.waiting[index], 0))
        for cause in reversed(line.causes):
            if cause.version <= since:
                return None
            if self._puts_back(cause, index):
                return None if self._has_fallen(cause.version, index) else cause.rise
        return None

    def _puts_back(self, cause: Risen, index: int) -> bool:
        if cause.cls < 0:
            return self._is_behind_because_of(cause.version, index)
        line = self.line
        earlier = (cause.order_key, cause.number) < line.orders[index]
        return earlier and shares(line.masks, cause.cls, line.classes[index])

    def _has_fallen(self, since: int, index: int) -> bool:
        cls, order = self.line.classes[index], self.line.orders[index]
        return any(
            gone.version > since and gone.order < order and shares(self.line.masks, gone.cls, cls)
            for gone in self._gone
        )

    def _is_behind_because_of(self, came: int, index: int) -> bool:
        """Whether the clinician on duty who came at that version shares the ticket with people
        ahead of it."""
        line = self.line
        if came not in line.team:
            return False
        if self._places is None:
            self._places = positions(line)
        if came not in self._without:
            others = ~(1 << list(line.team).index(came))
            masks = {cls: mask & others for cls, mask in line.masks.items()}
            self._without[came] = positions(replace(line, masks=masks))
        return self._places[index] > self._without[came][index]
