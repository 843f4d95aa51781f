"""The latest truth a client was told: newest snapshot by version, one slot a thing. Pure."""

from __future__ import annotations

from typing import cast

from .wire import Duty, GuestNow, Message, Ticket


class Snapshots:
    """Keeps what is newest. Versions count from the start of a connection: what a node sends
    first on a new one is the truth, even if the store has gone back meanwhile."""

    __slots__ = ("_duty_floor", "_guest_floor", "_ticket_floor", "duty", "guest", "ticket")

    def __init__(self) -> None:
        self.ticket: Ticket | None = None  # of the queue joined, found or heard of last
        self.duty: Duty | None = None
        self.guest: GuestNow | None = None
        self.reconnected()

    def reconnected(self) -> None:
        self._ticket_floor = self._duty_floor = self._guest_floor = -1

    def apply(self, message: Message) -> bool:
        """Take over a snapshot; False if it is older than what is here, or no snapshot."""
        match message.get("type"):
            case "ticket":
                return self._apply_ticket(message)
            case "duty":
                return self._apply_duty(message)
            case "guest":
                return self._apply_guest(message)
        return False

    def _apply_ticket(self, message: Message) -> bool:
        ticket = cast(Ticket, message)
        same = self.ticket is not None and self.ticket["ticket"] == ticket["ticket"]
        if not same and self._belongs_to_the_past(message):
            return False
        if same and ticket["version"] < self._ticket_floor:
            return False
        self.ticket = ticket
        self._ticket_floor = ticket["version"]
        return True

    def _belongs_to_the_past(self, message: Message) -> bool:
        """Versions of two tickets cannot be compared. A reply is about what was asked for last;
        a push about another ticket counts only once the present one has ended."""
        return (
            "re" not in message
            and self.ticket is not None
            and self.ticket["state"] in {"waiting", "called", "in_visit"}
        )

    def _apply_duty(self, message: Message) -> bool:
        if message["version"] < self._duty_floor:
            return False
        self.duty = cast(Duty, message)
        self._duty_floor = message["version"]
        return True

    def _apply_guest(self, message: Message) -> bool:
        if message["version"] < self._guest_floor:
            return False
        self.guest = cast(GuestNow, message)
        self._guest_floor = message["version"]
        return True
