"""One visit on this node: its legs by participant, and whether they hear and see each other."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator

from .beginnings import Beginnings
from .errors import NoSuchLeg, StaleLeg, TooManyLegs, TooManyOffers
from .model import LegChanged, LegQuality, OpenLeg, TakeLeg
from .offers import OfferLimit
from .quality import quality_of
from .rtc.forward import Incoming
from .rtc.leg import Leg
from .rtc.wiring import Wiring
from .sdp import clean_offer
from .seat import Seat
from .settings import MediaSettings
from .slots import in_slots


class Bridge:
    """`make_leg` builds an unanswered leg; `told` hears every change of one.

    A waiting room is a bridge too: of one participant who has no visit yet (`warm`).
    """

    def __init__(
        self,
        visit: str,
        settings: MediaSettings,
        make_leg: Callable[[Callable[[Leg, str], None]], Leg],
        told: Callable[[LegChanged, Leg], None],
        offers: OfferLimit,
        *,
        warm: bool = False,
    ) -> None:
        self.visit = visit
        self.warm = warm
        self.media_epoch = 0
        self.forwarding = False
        self._idle_since: float | None = None
        self._settings = settings
        self._make_leg = make_leg
        self._told = told
        self._offers = offers
        self._seats: dict[str, Seat] = {}
        self._lock = asyncio.Lock()  # one offer of this visit at a time
        self._beginnings = Beginnings(settings)
        self._silent: set[Incoming] = set()
        self._opening = 0  # offers being answered or waiting for that
        self._closed = False
        self._echoing = False

    def legs(self) -> list[Leg]:
        """The legs that are connecting or connected."""
        return [seat.leg for seat in self._seats.values() if seat.alive]

    def connected(self) -> Iterator[LegChanged]:
        """The legs that are connected, each looked at in the moment that it is asked for."""
        for participant, seat in list(self._seats.items()):
            if seat.leg.state == "connected":
                generation = seat.generation
                yield LegChanged(self.visit, self.media_epoch, participant, generation, "connected")

    def qualities(self, now: float) -> Iterator[LegQuality]:
        """How each connected leg does; `now` is monotonic."""
        for participant, seat in self._seats.items():
            incoming = seat.leg.incoming
            if seat.leg.state == "connected" and incoming is not None:
                yield quality_of(
                    self.visit, self.media_epoch, participant, seat.generation, incoming, now
                )

    def silence_changed(self, now: float) -> bool:
        """Whether other legs are silent now than when this was asked last."""
        before, self._silent = (
            self._silent,
            {
                each
                for each in self._incoming()
                if now - each.feedback.heard_at >= self._settings.silence
            },
        )
        return self._silent != before

    def end_away(self, now: float) -> None:
        """Legs of which nothing has come for too long are lost."""
        for leg in self.legs():
            incoming = leg.incoming
            if incoming is not None and now - incoming.feedback.heard_at >= self._settings.away:
                leg.fail()

    @property
    def empty(self) -> bool:
        """Whether no leg was ever accepted, as when the first offer was refused."""
        return not self._seats and not self._opening

    def is_forgotten(self, now: float) -> bool:
        """Whether all legs have been gone for long enough that the visit can be dropped."""
        if self._opening or self.legs():
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= self._settings.visit_linger

    async def open_leg(self, request: OpenLeg) -> str:
        """The answer to an offer; see `model.OpenLeg` for the rules. A refused offer changes
        nothing: the leg there is goes on."""
        self._opening += 1
        try:
            async with self._lock:
                self._refuse_stale_placement(request.media_epoch)
                digest = hashlib.sha256(request.sdp.encode()).digest()
                known = self._known_answer(request, digest)
                return known if known is not None else await self._replace(request, digest)
        finally:
            self._opening -= 1

    def _known_answer(self, request: OpenLeg, digest: bytes) -> str | None:
        """The answer given to this very offer, None if it is a new one."""
        if request.media_epoch > self.media_epoch:
            return None
        seat = self._seats.get(request.participant)
        if seat is None:
            if len(self._seats) >= self._settings.max_participants:
                raise TooManyLegs("the visit has all its participants")
            return None
        if request.generation < seat.generation:
            raise StaleLeg("a newer leg of this participant exists")
        if request.generation > seat.generation:
            return None
        if digest != seat.offer or not seat.alive:
            raise StaleLeg("this generation was used already; use the next")
        self._open_forwarding(request.forward)
        return seat.answer

    async def _replace(self, request: OpenLeg, digest: bytes) -> str:
        epoch, participant = request.media_epoch, request.participant
        generation = request.generation
        if not self._offers.take(self.visit, participant, time.monotonic()):
            raise TooManyOffers("this participant offers too often; wait some seconds")
        offer = clean_offer(request.sdp, self._settings)
        seat = Seat(self, epoch, participant, generation, digest, request.slots)
        seat.leg = self._make_leg(seat.changed)
        seat.answer = await seat.leg.answer(offer)
        if self._closed or epoch < self.media_epoch:
            seat.leg.end()
            raise StaleLeg("the visit ended or was placed anew meanwhile")
        self._place(seat, request.forward)
        return seat.answer

    async def take_leg(self, request: TakeLeg, room: Bridge) -> None:
        """Seat the leg that is warm in `room` here; see `model.TakeLeg`."""
        async with self._lock:
            self._refuse_stale_placement(request.media_epoch)
            if self._was_taken(request):
                return self._open_forwarding(request.forward)
            seat = room.give_leg(request.participant)
            room.tell(seat, "closed")
            where = request.media_epoch, request.participant, request.generation
            seat.move(self, room.visit, *where, request.slots)
            self._place(seat, request.forward)
            self.tell(seat, "connected")

    def _was_taken(self, request: TakeLeg) -> bool:
        """Whether this was asked before. Raises StaleLeg, TooManyLegs when it may not be done."""
        if request.media_epoch > self.media_epoch:
            return False
        seat = self._seats.get(request.participant)
        if seat is None:
            if len(self._seats) >= self._settings.max_participants:
                raise TooManyLegs("the visit has all its participants")
            return False
        if request.generation > seat.generation:
            return False
        if (request.generation, request.room) == (seat.generation, seat.room) and seat.alive:
            return True
        raise StaleLeg("a newer leg of this participant exists")

    def give_leg(self, participant: str) -> Seat:
        """The connected leg of who waits here, who from now on does not."""
        seat = self._seats.get(participant)
        if seat is None or seat.leg.state != "connected" or seat.leg.incoming is None:
            raise NoSuchLeg("no leg of this participant is connected here")
        self.echo(False)
        return self._seats.pop(participant)

    def _place(self, seat: Seat, forward: bool) -> None:
        """This seat instead of the participant's older one."""
        if seat.media_epoch > self.media_epoch:
            self._reset(seat.media_epoch)
        old = self._seats.get(seat.participant)
        self._seats[seat.participant] = seat
        if old is not None:
            old.leg.end()
        self._open_forwarding(forward)

    def _refuse_stale_placement(self, media_epoch: int) -> None:
        if media_epoch < self.media_epoch:
            raise StaleLeg("the visit was placed anew meanwhile")

    def _reset(self, media_epoch: int) -> None:
        """A newer placement: nothing of the older one may go on."""
        for seat in self._seats.values():
            seat.leg.end()
        self._seats.clear()
        self.media_epoch = media_epoch
        self.forwarding = False

    def forward(self, media_epoch: int) -> None:
        """The patient answered: forward from now on."""
        self._refuse_stale_placement(media_epoch)
        if media_epoch > self.media_epoch:
            self._reset(media_epoch)
        self._open_forwarding(True)

    async def close_leg(self, participant: str, generation: int, *, forget: bool = False) -> None:
        """Close this very leg; one that was replaced already is closed. See `model.CloseLeg`."""
        seat = self._seats.get(participant)
        if forget:
            await self._forget(participant)
        elif seat is not None and seat.generation == generation:
            await seat.leg.close()

    async def _forget(self, participant: str) -> None:
        if (seat := self._seats.get(participant)) is not None:
            seat.leg.end()  # at once; who offered meanwhile leaves below
        async with self._lock:
            seat = self._seats.pop(participant, None)
        if seat is not None:
            await seat.leg.close()

    async def close(self) -> None:
        self._closed = True
        self._beginnings.stop()
        self._silent.clear()
        await asyncio.gather(*(seat.leg.close() for seat in self._seats.values()))
        self._seats.clear()

    # Forwarding

    def _open_forwarding(self, wanted: bool) -> None:
        self.forwarding = self.forwarding or wanted
        self._join()

    def leg_changed(self, seat: Seat, state: str) -> None:
        if state == "connected":
            self._join()
        self.tell(seat, state)

    def tell(self, seat: Seat, state: str) -> None:
        event = LegChanged(self.visit, seat.media_epoch, seat.participant, seat.generation, state)
        self._told(event, seat.leg)

    def echo(self, on: bool) -> None:
        """Whether who waits here alone gets their own sound and picture back."""
        self._echoing = on
        if not on:
            for incoming in self._incoming():
                incoming.wiring.part()
        self._join()

    def _join(self) -> None:
        """Let the connected legs hear and see each other, as soon as that is allowed."""
        there = {
            seat.participant: (seat.slots, seat.leg.incoming.wiring)
            for seat in self._seats.values()
            if seat.alive and seat.leg.incoming is not None
        }
        if self._echoing and len(there) == 1:
            wanted: dict[str, list[str | None]] = {name: [name] for name in there}
        elif self.forwarding:
            wanted = in_slots({name: slots for name, (slots, _) in there.items()})
        else:
            return
        new: list[Wiring] = []
        for name, slots in wanted.items():
            sources = [there[each][1] if each is not None else None for each in slots]
            new += there[name][1].hear(sources)
        self._beginnings.ask(source.feedback for source in new)

    def _incoming(self) -> list[Incoming]:
        return [leg.incoming for leg in self.legs() if leg.incoming is not None]
