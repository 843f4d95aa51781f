"""The queues this node has to do with: opened on first use, kept until the node stops."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kolapp_queue.admission import Admitted, joins_until_ms
from kolapp_queue.errors import QueueError
from kolapp_queue.feed import Feed
from kolapp_queue.forecasting import Forecasted, Forecasting
from kolapp_queue.model import NAME, Needs, QueueRef
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.policy_book import PolicyBook
from kolapp_queue.store import QueueStore

from .audience import Audience
from .clock import StoreClock
from .lines import QueueLine
from .news import News
from .parts import QueueInfo
from .places import Places, Windows
from .tasks import Tasks


class OpenQueue:
    __slots__ = ("_forecasting", "_heard", "line", "places", "ref")

    def __init__(
        self, ref: QueueRef, line: QueueLine, places: Places, forecasting: Forecasting
    ) -> None:
        self.ref = ref
        self.line = line
        self.places = places
        self._forecasting = forecasting
        # Every change of a queue is one version and one hint, so a hint that is missing shows as a
        # gap. What was read by ourselves does not count: it may hide what a lost hint was about.
        self._heard = -1

    async def admit(self, needs: Needs, band: str) -> Admitted:
        """May somebody draw a number now? Raises Refused, StoreUnavailable."""
        if self.line.line is None:
            await self.line.read()
        return self.line.admission(needs, band)

    def hint(self, version: int) -> bool:
        """Take note of a hint; True if one before it was lost."""
        lost = version > self._heard + 1
        self._heard = max(self._heard, version)
        self.places.touched(version)
        self._forecasting.touched()
        return lost

    def compare(self, version: int) -> bool:
        """The store has this version now; True if no hint told of it."""
        lost = version > self._heard
        self._heard = version
        return lost


class Queues:
    """Which queues there are for whom, `book` says."""

    def __init__(
        self,
        book: PolicyBook,
        store: QueueStore,
        feed: Feed,
        clock: StoreClock,
        audience: Audience,
        news: News,
        windows: Windows,
        tasks: Tasks,
    ) -> None:
        self._book = book
        self._store = store
        self._feed = feed
        self._clock = clock
        self._audience = audience
        self._news = news
        self._windows = windows
        self._tasks = tasks
        self._open: dict[QueueRef, OpenQueue] = {}

    def __iter__(self) -> Iterator[OpenQueue]:
        return iter(list(self._open.values()))

    def known(self, provider: str, name: str) -> OpenQueue | None:
        """`name` is whatever somebody said."""
        ref = QueueRef(provider, name) if NAME.match(name) else None
        return None if ref is None or self._book.find(ref) is None else self.open(ref)

    def of(self, provider: str) -> list[OpenQueue]:
        return [self.open(QueueRef(provider, policy.name)) for policy in self._book.of(provider)]

    async def addressed(self, provider: str, name: str) -> OpenQueue | None:
        """For operators: also a queue that is configured no more, while somebody is in it."""
        if (queue := self.known(provider, name)) is not None or not NAME.match(name):
            return queue
        ref = QueueRef(provider, name)
        return self.open(ref) if await self._store.active(ref) else None

    async def left_over(self, provider: str) -> list[OpenQueue]:
        """Those that are configured no more, while somebody is in them."""
        used = [ref for ref in await self._store.queues() if ref.provider == provider]
        gone = [ref for ref in used if not self.configured(ref)]
        return [self.open(ref) for ref in gone if await self._store.active(ref)]

    def configured(self, ref: QueueRef) -> bool:
        return self._book.find(ref) is not None

    async def infos(self, provider: str) -> list[QueueInfo]:
        """With what joining would give, if the queue was read before or can be read now."""
        queues = self.of(provider)
        for queue in queues:
            if queue.line.line is None:
                try:
                    await queue.line.read()
                except QueueError:
                    break
        return [queue.line.info() for queue in queues]

    def get(self, ref: QueueRef) -> OpenQueue | None:
        return self._open.get(ref)

    def open(self, ref: QueueRef) -> OpenQueue:
        if (queue := self._open.get(ref)) is not None:
            return queue
        line = QueueLine(ref, partial(self.policy, ref), self._store, self._clock, self._tasks)
        places = Places(line, self._audience, self._windows, self._news.look_at)
        forecasting = self._store.forecasting(ref, partial(self._configured, ref))
        queue = self._open[ref] = OpenQueue(ref, line, places, forecasting)
        self._tasks.start(self._feed.subscribe(ref))
        self._tasks.keep(places.run)
        self._tasks.keep(forecasting.run)
        return queue

    def policy(self, ref: QueueRef) -> QueuePolicy:
        """Also of a queue that is configured no more: those who are in it still are."""
        return self._book.find(ref) or QueuePolicy(ref.provider, ref.queue)

    def _configured(self, ref: QueueRef) -> Forecasted:
        policy = self.policy(ref)
        last_number = partial(joins_until_ms, policy)
        prior_ms, zone_s = policy.visit_prior_ms, policy.zone_ahead_s
        return Forecasted(prior_ms, zone_s, last_number, policy.rehearsal)

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
