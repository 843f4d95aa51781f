"""How news leaves for the socket of whom it concerns."""

from __future__ import annotations

from collections.abc import Callable

from .desk_messages import DutySnapshot
from .guest_messages import GuestSnapshot
from .messages import QualityNow, TicketSnapshot
from .signal_messages import SignalNow

Snapshot = TicketSnapshot | DutySnapshot | GuestSnapshot
News = Snapshot | QualityNow | SignalNow

# The kind, of which only the latest snapshot is kept, and what there is to tell. While no socket is
# attached it goes nowhere; the next one gets everything anyway.
Outlet = Callable[[str, News], None]


def to_nobody(kind: str, news: News) -> None:
    """The outlet of who is gone."""
