"""The visits and waiting rooms of a node by name, and what diallers ask about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from .bridge import Bridge
from .errors import BadRequest, Draining, NoSuchLeg, NoSuchVisit, TooManyLegs
from .model import CloseLeg, CloseVisit, Echo, Forward, LegChanged, OpenLeg, TakeLeg
from .offers import OfferLimit
from .rtc.leg import Leg
from .settings import MediaSettings
from .slots import check_slots

AboutVisits = OpenLeg | TakeLeg | Echo | Forward | CloseLeg | CloseVisit


class Visits:
    """`make_leg` and `told` as for a `Bridge`; `busy` says that the node has enough to do."""

    def __init__(
        self,
        settings: MediaSettings,
        make_leg: Callable[[Callable[[Leg, str], None]], Leg],
        told: Callable[[LegChanged, Leg], None],
        busy: Callable[[], bool],
    ) -> None:
        self.draining = False
        self._settings = settings
        self._make_leg = make_leg
        self._told = told
        self._busy = busy
        self._bridges: dict[str, Bridge] = {}
        self._offers = OfferLimit(settings.offers, settings.offers_window)

    def __len__(self) -> int:
        return sum(not each.warm for each in self._bridges.values())

    def __iter__(self) -> Iterator[Bridge]:
        return iter(list(self._bridges.values()))

    async def ask(self, request: AboutVisits) -> str:
        """The answer's SDP to an offer, else nothing. Raises a `MediaError`."""
        match request:
            case OpenLeg():
                return await self._open_leg(request)
            case TakeLeg():
                await self._take_leg(request)
            case Echo():
                self._room(request.room).echo(request.on)
            case Forward():
                self._bridge(request.visit).forward(request.media_epoch)
            case CloseLeg():
                bridge = self._bridges.get(request.visit)
                if bridge is not None:
                    await bridge.close_leg(
                        request.participant, request.generation, forget=request.forget
                    )
            case CloseVisit():
                bridge = self._bridges.pop(request.visit, None)
                if bridge is not None:
                    await bridge.close()
        return ""

    async def close_rooms(self) -> None:
        """Who waits gets ready elsewhere."""
        await self._close([each for each in self if each.warm])

    async def close(self) -> None:
        await self._close(list(self))

    async def _close(self, bridges: list[Bridge]) -> None:
        for bridge in bridges:
            self._bridges.pop(bridge.visit, None)
        await asyncio.gather(*(bridge.close() for bridge in bridges))

    def sweep(self, now: float) -> None:
        """Lose legs that are silent, and forget visits whose legs have all been gone for a while;
        `now` is monotonic."""
        self._offers.sweep(now)
        for bridge in self:
            bridge.end_away(now)
            if bridge.is_forgotten(now):
                del self._bridges[bridge.visit]

    def _bridge(self, visit: str) -> Bridge:
        bridge = self._bridges.get(visit)
        if bridge is None:
            raise NoSuchVisit("this node does not carry the visit")
        return bridge

    def _room(self, room: str) -> Bridge:
        bridge = self._bridges.get(room)
        if bridge is None or not bridge.warm:
            raise NoSuchLeg("nobody waits in this room")
        return bridge

    async def _open_leg(self, request: OpenLeg) -> str:
        self._check(request)
        if request.warm and self._warm() >= self._settings.most_warm * self._settings.max_legs:
            raise TooManyLegs("as many legs are warm as may be")
        bridge = self._opened(request.visit, request.warm)
        try:
            return await bridge.open_leg(request)
        finally:
            self._forget_unused(bridge)

    async def _take_leg(self, request: TakeLeg) -> None:
        self._check(request)
        room = self._room(request.room)
        # A leg that is here already costs the node little more.
        bridge = self._bridges.get(request.visit) or self._make(request.visit, warm=False)
        try:
            await bridge.take_leg(request, room)
        finally:
            self._forget_unused(bridge)

    def _check(self, request: OpenLeg | TakeLeg) -> None:
        if not request.visit or not request.participant or request.generation < 1:
            raise BadRequest("visit, participant and a generation from 1 on are needed")
        check_slots(request.participant, request.slots, self._settings.sdp_sections)

    def _opened(self, visit: str, warm: bool) -> Bridge:
        bridge = self._bridges.get(visit)
        if bridge is None:
            if self._busy() and not self.draining:
                raise TooManyLegs("the node has as much to do as it can")
            bridge = self._make(visit, warm)
        if bridge.warm != warm:
            raise BadRequest("a waiting room is no visit")
        return bridge

    def _make(self, visit: str, warm: bool) -> Bridge:
        if self.draining:
            raise Draining("the node takes no new visits")
        bridge = Bridge(visit, self._settings, self._make_leg, self._told, self._offers, warm=warm)
        self._bridges[visit] = bridge
        return bridge

    def _forget_unused(self, bridge: Bridge) -> None:
        if bridge.empty and self._bridges.get(bridge.visit) is bridge:
            del self._bridges[bridge.visit]

    def _warm(self) -> int:
        return sum(len(each.legs()) for each in self._bridges.values() if each.warm)
