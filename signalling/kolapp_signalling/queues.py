"""The queues this node has to do with: opened on first use, kept until the node stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kolapp_queue.feed import Feed
from kolapp_queue.model import QueueRef
from kolapp_queue.store import QueueStore

from .audience import Audience
from .clock import StoreClock
from .lines import QueueLine
from .news import News
from .places import Places, Windows
from .setting_kinds import QueueTitle
from .tasks import Tasks
from .waits import Waits


class OpenQueue:
    __slots__ = ("_heard", "line", "places", "ref")

    def __init__(self, ref: QueueRef, line: QueueLine, places: Places) -> None:
        self.ref = ref
        self.line = line
        self.places = places
        # Every change of a queue is one version and one hint, so a hint that is missing shows as a
        # gap. What was read by ourselves does not count: it may hide what a lost hint was about.
        self._heard = -1

    def hint(self, version: int) -> bool:
        """Take note of a hint; True if one before it was lost."""
        lost = version > self._heard + 1
        self._heard = max(self._heard, version)
        self.places.touched(version)
        return lost

    def compare(self, version: int) -> bool:
        """The store has this version now; True if no hint told of it."""
        lost = version > self._heard
        self._heard = version
        return lost


class Queues:
    """`titles` are the queues that are configured; each provider has all of them."""

    def __init__(
        self,
        titles: Sequence[QueueTitle],
        store: QueueStore,
        feed: Feed,
        clock: StoreClock,
        audience: Audience,
        news: News,
        windows: Windows,
        prior_ms: int,
        tasks: Tasks,
    ) -> None:
        self._titles = dict(titles)
        self._store = store
        self._feed = feed
        self._clock = clock
        self._audience = audience
        self._news = news
        self._windows = windows
        self._waits = partial(Waits, prior_ms=prior_ms)
        self._tasks = tasks
        self._open: dict[QueueRef, OpenQueue] = {}

    def __iter__(self) -> Iterator[OpenQueue]:
        return iter(list(self._open.values()))

    def known(self, provider: str, name: str) -> OpenQueue | None:
        return self.open(QueueRef(provider, name)) if name in self._titles else None

    def of(self, provider: str) -> list[OpenQueue]:
        return [self.open(QueueRef(provider, name)) for name in self._titles]

    def get(self, ref: QueueRef) -> OpenQueue | None:
        return self._open.get(ref)

    def open(self, ref: QueueRef) -> OpenQueue:
        if (queue := self._open.get(ref)) is not None:
            return queue
        title = self._titles.get(ref.queue, ref.queue)
        line = QueueLine(ref, title, self._store, self._clock, self._waits, self._tasks)
        places = Places(line, self._audience, self._windows, self._news.look_at)
        queue = self._open[ref] = OpenQueue(ref, line, places)
        self._tasks.start(self._feed.subscribe(ref))
        self._tasks.keep(places.run)
        return queue

    def forget(self) -> None:
        """Nothing that was read counts any more."""
        for queue in self:
            queue.line.forget()

    def resync(self, ref: QueueRef | None) -> None:
        """Hints may have been lost, of this queue or of all: look at everything again."""
        for queue in self:
            if ref is None or queue.ref == ref:
                self._news.resync(queue.ref)
                queue.places.resync()
