"""A signalling node put together: which part gets which, and in which order they start and stop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version

from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.feed import Feed
from kolapp_queue.link import CONNECTIONS
from kolapp_queue.policy_book import PolicyBook
from kolapp_queue.presence import NodeLease
from kolapp_queue.store import QueueStore

from . import upkeep
from .audience import Audience
from .auditing import keep_audit
from .auth import Authenticator
from .clock import StoreClock
from .codes import CloseCode
from .connection import Connection
from .doorkeeper import Doorkeeper
from .drain import Drain
from .entrance import Entrance
from .hub import Hub
from .identities import Identities
from .invitations import Invitations
from .media_link import MediaLink
from .metrics import Metrics
from .news import News
from .places import Windows
from .policies import keep_current, open_book, settings_by_queue, tell_unreachable
from .process import StartRefused
from .qualities import ROUND_S, tell_qualities
from .queues import Queues
from .relays import Relays
from .revocations import Revocations, Unreadable
from .seal_keys import SealKeys
from .services import Services
from .settings import Settings
from .signals import Signals
from .store_watch import StoreWatch
from .tasks import Tasks
from .token_keys import key_source, token_rules
from .warm import Warm
from .webhooks import keep_webhooks

_LEASE_PARTS = 3  # leases, a clinician's and the node's own, are renewed so often within each
_MOST_ROUNDS = 5  # seconds in which every socket is looked after once


@dataclass(frozen=True, slots=True)
class SignallingNode:
    id: str
    settings: Settings
    store: QueueStore
    lease: NodeLease
    feed: Feed
    audience: Audience
    queues: Queues
    hub: Hub
    media: MediaLink
    metrics: Metrics
    entrance: Entrance
    invitations: Invitations
    connections: set[Connection] = field(default_factory=set)  # greeted or not
    leaving: asyncio.Event = field(default_factory=asyncio.Event)  # told to stop

    def begin_anew(self) -> None:
        """No connection so far counts any more: everybody is told to connect again."""
        self.hub.begin_anew()
        for connection in self.connections:
            connection.close_soon(CloseCode.INTERNAL)

    async def dismiss(self, why: CloseCode = CloseCode.SHUTTING_DOWN) -> None:
        """Everybody who is here now is told to connect again, elsewhere if they can."""
        of = self.settings
        drain = Drain(of.drain_per_s, of.drain_ms / 1000, of.reconnect_hint_ms)
        await drain.send_off(self.connections, why)


@asynccontextmanager
async def running_node(settings: Settings) -> AsyncIterator[SignallingNode]:
    """Everything but the web server. Raises StoreUnavailable if the store does not answer, and
    StartRefused when there are no queues to go by."""
    store = await QueueStore.connect(settings.store_url, settings.queue)
    feed = await Feed.open(settings.store_url, settings.queue)
    lease = NodeLease(store, settings.node_lease_ms, settings.absent_after_ms)
    tasks = Tasks()
    try:
        book = await open_book(store, settings)
        store.settings_of, store.timetable = settings_by_queue(book, settings.queue), book
        await lease.renew()
        yield _assemble(settings, store, lease, feed, book, tasks)
    finally:
        await tasks.stop()
        with suppress(StoreUnavailable):  # then it ends by itself
            await lease.leave()
        await feed.close()
        await store.close()


def _assemble(
    settings: Settings,
    store: QueueStore,
    lease: NodeLease,
    feed: Feed,
    book: PolicyBook,
    tasks: Tasks,
) -> SignallingNode:
    node_id = settings.node_id or f"signalling-{secrets.token_hex(4)}"
    clock, metrics = StoreClock(), Metrics()
    media = MediaLink(
        store,
        settings.cluster_secret,
        settings.node_lease_ms,
        lambda visit: audience.legs_changed(visit),
        tasks,
    )
    audience = Audience(clock.now_ms, media.states)
    news = News(store, audience, tasks, media.ended)
    queues = Queues(book, store, feed, clock, audience, news, _windows(settings), tasks)
    services = _services(settings, store, audience, queues, media, metrics, tasks)
    hub = _hub(settings, services)
    _watch(metrics, hub, media, store)
    entrance = _entrance(settings, node_id, hub, services, tasks)
    node = SignallingNode(
        *(node_id, settings, store, lease, feed, audience, queues, hub, media, metrics),
        *(entrance, services.invitations),
    )
    _keep_up(node, news, clock, tasks)

    def renewed() -> None:
        tell_unreachable(book.policies, settings)
        queues.resync(None)

    tell_unreachable(book.policies, settings)
    tasks.keep(lambda: keep_current(book, store, settings.queue.resync_ms, renewed))
    return node


def _services(
    settings: Settings,
    store: QueueStore,
    audience: Audience,
    queues: Queues,
    media: MediaLink,
    metrics: Metrics,
    tasks: Tasks,
) -> Services:
    seal_keys, crowd = SealKeys(settings), asyncio.Semaphore(CONNECTIONS // 2)
    tasks.keep(seal_keys.follow)
    return Services(
        *(store, audience, queues, media, metrics, seal_keys, crowd),
        _identities(settings, seal_keys),
        Relays(settings.turn_urls, settings.turn_secret, settings.turn_ttl_s),
        Warm(media, tasks),
        Signals(media, audience),
        _invitations(settings, store, audience, media, seal_keys),
    )


def _hub(settings: Settings, services: Services) -> Hub:
    # A quiet client is pinged at most a quarter of the time late.
    rounds = max(1, min(_MOST_ROUNDS, settings.ping_every_ms // 4_000))
    return Hub(
        services,
        settings.resume_window_ms,
        settings.absent_after_ms,
        rounds,
        settings.token_notice_ms,
    )


def _watch(metrics: Metrics, hub: Hub, media: MediaLink, store: QueueStore) -> None:
    metrics.watch(
        hub.count, lambda: media.connected, lambda: media.room, lambda: sum(store.asides.values())
    )
    metrics.watch_registry(lambda: store.unread_nodes)


def _entrance(
    settings: Settings, node_id: str, hub: Hub, services: Services, tasks: Tasks
) -> Entrance:
    return Entrance(
        hub,
        services.queues,
        services.identities,
        node_id,
        version("kolapp"),
        settings.hello_timeout_ms / 1000,
        settings.ping_every_ms,
        services.metrics,
        tasks,
        Doorkeeper(
            settings.max_connections,
            settings.max_per_address,
            settings.max_ungreeted_per_address,
            asyncio.get_running_loop().time,
        ),
        bool(settings.turn_urls),
    )


def _invitations(
    settings: Settings, store: QueueStore, audience: Audience, media: MediaLink, keys: SealKeys
) -> Invitations:
    ttls = (settings.guest_code_ttl_ms, settings.guest_pass_ttl_ms)
    return Invitations(store, audience, media, lambda: keys.ring, *ttls)


def _identities(settings: Settings, keys: SealKeys) -> Identities:
    rules = token_rules(settings)
    source = key_source(settings, rules)
    authenticator = Authenticator(replace(rules, keys=source.keys))
    revocations = Revocations(settings.jwt_revoked_file)
    try:
        revocations.look()
    except Unreadable as error:
        raise StartRefused(str(error)) from error
    pepper = settings.identity_pepper
    return Identities(authenticator, pepper, source, revocations, lambda: keys.ring)


def _windows(settings: Settings) -> Windows:
    front_s, tail_s = settings.place_front_ms / 1000, settings.place_tail_ms / 1000
    return Windows(settings.place_front_count, front_s, tail_s)


def _keep_up(node: SignallingNode, news: News, clock: StoreClock, tasks: Tasks) -> None:
    """What goes on for as long as the node runs."""
    store, queues, hub, settings = node.store, node.queues, node.hub, node.settings.queue
    tasks.keep(lambda: upkeep.follow(node.feed, queues, news))
    tasks.keep(lambda: upkeep.look_after(hub))
    tasks.keep(lambda: upkeep.tell_absences(hub))
    tasks.keep(lambda: upkeep.keep_revocations(node.entrance.identities.revocations, hub))
    tasks.keep(lambda: upkeep.renew(hub, settings.duty_lease_ms // _LEASE_PARTS))
    resync_s, patience_s = settings.resync_ms / 1000, node.settings.store_patience_ms / 1000
    cut_off = partial(node.dismiss, CloseCode.CUT_OFF)
    tasks.keep(StoreWatch(store, queues, hub, tasks, resync_s, patience_s, cut_off).run)
    absent_ms = node.settings.absent_after_ms
    tasks.keep(lambda: upkeep.sweep(store, queues, clock, settings.resync_ms, absent_ms))
    every_ms = node.settings.node_lease_ms // _LEASE_PARTS
    tasks.keep(lambda: upkeep.keep_lease(node.lease, every_ms, node.begin_anew))
    tasks.keep(node.media.run)
    told_s = min(ROUND_S, node.settings.media.quality_interval)
    qualities, tell = node.media.qualities, node.audience.tell_qualities
    tasks.keep(node.metrics.watch_media(node.media.clients).run)
    tasks.keep(lambda: tell_qualities(qualities, told_s, tell, node.metrics.leg))
    refresh_s = node.settings.jwt_refresh_ms / 1000
    tasks.keep(lambda: node.entrance.identities.source.keep_fresh(refresh_s))
    keep_audit(node.settings, tasks)
    keep_webhooks(node.settings, tasks, lambda outcome: node.metrics.webhooks.labels(outcome).inc())
