"""What this node knows of the legs of visits, told by the media nodes. Pure.

Only what people are shown: connecting, connected or lost. A word about an older generation or an
older placement than the one we know is about the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# Visits remembered at most; the ones heard of longest ago are forgotten, and shown as `none`.
MOST_VISITS = 4_096
CONNECTING, CONNECTED, LOST = "connecting", "connected", "lost"
_STATES = {"connected": CONNECTED, "failed": LOST, "closed": LOST}
_NONE: Mapping[str, str] = MappingProxyType({})
_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(slots=True)
class VisitLegs:
    node: str
    media_epoch: int
    lost: bool = False  # of no use now: the node is gone, or takes no leg of it
    states: dict[str, str] = field(default_factory=dict)  # by participant
    generations: dict[str, int] = field(default_factory=dict)


class Legs:
    def __init__(self) -> None:
        self._visits: dict[str, VisitLegs] = {}  # heard of last is last

    def states(self, visit: str, since: Mapping[str, int] = _NOTHING) -> Mapping[str, str]:
        """By participant; without those whose newest leg is of no later generation than `since` has
        for them: it was another one's."""
        legs = self._visits.get(visit)
        if legs is None:
            return _NONE
        if not since:
            return legs.states
        old = {who for who, first in since.items() if legs.generations.get(who, first + 1) <= first}
        return {who: state for who, state in legs.states.items() if who not in old}

    def usable(self, visit: str, media_epoch: int) -> bool:
        """Whether this placement has not been lost."""
        legs = self._visits.get(visit)
        return legs is None or legs.media_epoch < media_epoch or not legs.lost

    def node(self, visit: str) -> str:
        legs = self._visits.get(visit)
        return legs.node if legs is not None else ""

    def offered(
        self, visit: str, node: str, media_epoch: int, participant: str, generation: int
    ) -> None:
        legs = self._placed(visit, node, media_epoch)
        if generation > legs.generations.get(participant, 0):
            legs.generations[participant] = generation
            legs.states[participant] = CONNECTING

    def changed(
        self, visit: str, node: str, media_epoch: int, participant: str, generation: int, state: str
    ) -> bool:
        """A media node says what became of a leg. Returns whether that is news."""
        if visit not in self._visits and state != "connected":
            return False  # the last word about a visit that is over
        legs = self._placed(visit, node, media_epoch)
        if media_epoch < legs.media_epoch or generation < legs.generations.get(participant, 0):
            return False
        legs.generations[participant] = generation
        before, legs.states[participant] = legs.states.get(participant), _STATES.get(state, LOST)
        return before != legs.states[participant]

    def node_lost(self, node: str) -> list[str]:
        """Every leg there is lost; returns the visits it carried."""
        there = [visit for visit, legs in self._visits.items() if legs.node == node]
        for visit in there:
            self.lost(visit)
        return there

    def node_back(self, node: str) -> None:
        """We can ask it again, so its placements can be used again. Which legs outlived the time
        between, it says itself; the others are lost until they are made anew."""
        for legs in self._visits.values():
            if legs.node == node:
                legs.lost = False

    def lost(self, visit: str) -> None:
        """The placement we know is of no use any more."""
        if (legs := self._visits.get(visit)) is not None:
            legs.lost = True
            legs.states = dict.fromkeys(legs.states, LOST)

    def forget(self, visit: str) -> None:
        self._visits.pop(visit, None)

    def _placed(self, visit: str, node: str, media_epoch: int) -> VisitLegs:
        legs = self._visits.pop(visit, None)
        if legs is None or legs.media_epoch < media_epoch:
            # Who had a leg in the older placement must make a new one.
            states = dict.fromkeys(legs.states, LOST) if legs is not None else {}
            legs = VisitLegs(node, media_epoch, states=states)
        self._visits[visit] = legs
        if len(self._visits) > MOST_VISITS:
            del self._visits[next(iter(self._visits))]
        return legs
