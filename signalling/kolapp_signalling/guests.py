"""The guests on this node: which visit each is in, as this node knows it, and telling them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kolapp_queue.model import GuestId, Hint, QueueRef, Visit, VisitId

from .guest_messages import GuestSnapshot
from .outlets import Outlet, to_nobody
from .snapshots import differs, guest_snapshot


@dataclass(eq=False, slots=True)
class HeldSeat:
    ref: QueueRef
    visit_id: VisitId
    guest: GuestId
    seat: str
    outlet: Outlet
    look: Callable[[], Awaitable[Visit | None]]  # the record now; None: forgotten
    out: Callable[[Visit | None], None]  # they are not in the visit any more
    visit: Visit | None = None
    shown: GuestSnapshot | None = None

    def knows(self, hint: Hint) -> bool:
        return self.visit is not None and hint.version <= self.visit.version

    def take(self, visit: Visit) -> None:
        """An older record than the one we have changes nothing."""
        if self.visit is None or visit.version >= self.visit.version:
            self.visit = visit

    def let_go(self, out: Callable[[Visit | None], None]) -> None:
        """Their session is over. `out` is what is left to do for who reads the record just now."""
        # The outlet is the session's, which has this: a ring that only the collector would find.
        self.outlet, self.out = to_nobody, out


@dataclass(slots=True)
class Guests:
    now_ms: Callable[[], int]  # the store's time
    media: Callable[[Visit], Mapping[str, str]]  # states of a visit's legs, by seat
    _by_visit: dict[VisitId, list[HeldSeat]] = field(default_factory=dict)

    def hold(self, held: HeldSeat) -> None:
        here = self._by_visit.setdefault(held.visit_id, [])
        here[:] = [other for other in here if other.guest != held.guest] + [held]

    def release(self, held: HeldSeat) -> None:
        """A no-op if another session of this guest is here by now."""
        here = self._by_visit.get(held.visit_id, [])
        if held in here:
            here.remove(held)
            if not here:
                del self._by_visit[held.visit_id]

    def of(self, visit: VisitId | None) -> list[HeldSeat]:
        return list(self._by_visit.get(visit, ())) if visit is not None else []

    def of_queue(self, ref: QueueRef) -> Iterator[HeldSeat]:
        return (held for held in self if held.ref == ref)

    def __iter__(self) -> Iterator[HeldSeat]:
        return (held for here in list(self._by_visit.values()) for held in list(here))

    # Telling them

    def visit(self, visit: Visit) -> None:
        """A newer record."""
        for held in self.of(visit.id):
            held.take(visit)
            self.tell(held)

    def legs_changed(self, visit: VisitId) -> None:
        for held in self.of(visit):
            self.tell(held)

    def snapshot(self, held: HeldSeat) -> GuestSnapshot:
        """The snapshot to send now; from here on it counts as shown."""
        media = self.media(held.visit) if held.visit is not None else {}
        held.shown = guest_snapshot(held.seat, held.guest, held.visit, media, self.now_ms())
        return held.shown

    def tell(self, held: HeldSeat, *, always: bool = False) -> None:
        """Who is not in the visit any more hears that last."""
        before = held.shown
        snapshot = self.snapshot(held)
        if always or before is None or differs(snapshot, before):
            held.outlet("guest", snapshot)
        if snapshot.visit is None:
            self.release(held)
            held.out(held.visit)
