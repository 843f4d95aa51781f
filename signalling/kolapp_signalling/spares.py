"""The spare beside each child of `kolapp serve`: loaded when there is time, used at a death."""

from __future__ import annotations

from dataclasses import dataclass, field

from .children import Child, Loaded
from .process import now_ms
from .restarts import Restarts

LONGEST_PAUSE_MS = 60_000  # a spare that cannot be had is no reason to load the machine


@dataclass
class Spare:
    """At most one process: loading, or loaded and waiting. Times are `now_ms()`."""

    role: str
    environment: dict[str, str]  # the child's own, which may change until the spare is loaded
    delay_ms: int | None  # from a child's readiness to the loading of its spare; None: no spares
    due_ms: int | None = None  # load one then
    _child: Child | None = None
    _loaded: bool = False
    _started_ms: int = 0
    _restarts: Restarts = field(init=False)

    def __post_init__(self) -> None:
        self._restarts = Restarts(self.delay_ms or 0, LONGEST_PAUSE_MS)

    @property
    def reports(self) -> int:
        """The pipe on which it will say that it has loaded; -1 when there is nothing to hear."""
        return self._child.reports if self._child is not None and not self._loaded else -1

    def plan(self) -> None:
        """The child is ready: its spare may be loaded soon, unless there is one."""
        if self._child is None and self.delay_ms is not None:
            self.due_ms = now_ms() + self.delay_ms

    def plan_again(self) -> int:
        """It died before its turn. The next is loaded after so many ms."""
        pause = max(self.delay_ms or 0, self._restarts.pause_ms(now_ms() - self._started_ms))
        self.due_ms = now_ms() + pause
        return pause

    def load(self) -> None:
        self.due_ms, self._loaded, self._started_ms = None, False, now_ms()
        self._child = Child(self.role, self.environment)
        self._child.start(spare=True)

    def hear(self) -> bool:
        """Its pipe is readable. True if it says that it has loaded."""
        assert self._child is not None
        self._loaded = self._child.read_report() == Loaded()
        return self._loaded

    def take(self) -> Child | None:
        """The loaded one, on its way to readiness from now on; None if there is none."""
        child = self._child
        if child is None or not self._loaded or not child.take_turn():
            return None
        self._child, self._loaded = None, False
        return child

    def cause_of_death(self) -> str | None:
        """None while it lives, and while there is none."""
        if self._child is None or not self._child.has_died():
            return None
        return self._child.cause_of_death()

    def end(self) -> None:
        self.due_ms = None
        if self._child is not None:
            self._child.kill()
        self._child, self._loaded = None, False
