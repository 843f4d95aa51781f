"""A participant's place at a bridge: the newest leg, and where it sits now."""

from __future__ import annotations

from typing import Protocol

from .rtc.leg import Leg


class Table(Protocol):
    """What a seat stands at; a warm leg goes from one to another."""

    def leg_changed(self, seat: Seat, state: str) -> None: ...


class Seat:
    """`offer` is the digest of what the leg answered; `room` where it was warmed, if it was;
    `slots` whom it is sent, by name."""

    __slots__ = (
        "answer",
        "generation",
        "leg",
        "media_epoch",
        "offer",
        "participant",
        "room",
        "slots",
        "table",
    )

    leg: Leg

    def __init__(
        self,
        table: Table,
        media_epoch: int,
        participant: str,
        generation: int,
        offer: bytes,
        slots: tuple[str, ...] = (),
    ) -> None:
        self.table = table
        self.media_epoch = media_epoch
        self.participant = participant
        self.generation = generation
        self.offer = offer
        self.slots = slots
        self.answer = ""
        self.room = ""

    def changed(self, _leg: Leg, state: str) -> None:
        """For the leg: whatever it tells is about where it sits by then."""
        self.table.leg_changed(self, state)

    def move(
        self,
        table: Table,
        room: str,
        media_epoch: int,
        participant: str,
        generation: int,
        slots: tuple[str, ...],
    ) -> None:
        self.table, self.room, self.slots = table, room, slots
        self.media_epoch, self.participant = media_epoch, participant
        self.generation, self.offer = generation, b""

    @property
    def alive(self) -> bool:
        return self.leg.state not in ("failed", "closed")
