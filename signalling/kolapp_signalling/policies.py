"""Where this installation's queues come from: a file, or the flags of development; and the store.

What `kolapp queues reload` published wins over both, see `kolapp_queue.policy_book`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import fields, replace
from functools import lru_cache

from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import QueueRef
from kolapp_queue.policy import PolicySet, QueuePolicy, development_set
from kolapp_queue.policy_book import PolicyBook, UnreadablePolicies
from kolapp_queue.policy_file import PolicyFileError, load
from kolapp_queue.settings import DIRECT, QueueSettings
from kolapp_queue.store import QueueStore
from kolapp_queue.verbs import SettingsOf

from . import log
from .process import StartRefused
from .settings import Settings

UNREACHABLE = (
    "Queues have direct_relay_only, and there is no TURN server: their calls will not connect. Set "
    "KOLAPP_TURN_URLS."
)
UNREADABLE = (
    "The queues in the store were published by a newer version of Kolapp; start that version, or "
    "publish yours with `kolapp queues reload`."
)


def own_policies(settings: Settings) -> PolicySet:
    """Of the file, or of `--queue` when there is none. Raises PolicyFileError."""
    if settings.queues_file is not None:
        return load(settings.queues_file)
    return development_set(dict(settings.queues), settings.queue)


async def open_book(store: QueueStore, settings: Settings) -> PolicyBook:
    """The policies this node begins with. Raises StoreUnavailable, and StartRefused when there
    are none to go by: a node that is started again beside a broken file goes on with what was
    published before."""
    try:
        try:
            own = own_policies(settings)
        except PolicyFileError as error:
            book = PolicyBook(PolicySet(()))
            await book.refresh(store)
            if not book.version:
                raise StartRefused(str(error)) from error
            log.event(logging.ERROR, "The file of the queues is broken; the old ones stay.")
            return book
        return await PolicyBook.open(store, own, offer=settings.queues_file is not None)
    except UnreadablePolicies as error:
        raise StartRefused(UNREADABLE) from error


def tell_unreachable(policies: PolicySet, settings: Settings) -> None:
    """Say whether there are queues whose calls go over relays alone, and no relays."""
    count = sum(each.mode == DIRECT and each.direct_relay_only for each in policies.queues)
    if count and not settings.turn_urls:
        log.event(logging.ERROR, UNREACHABLE, count=count)


def settings_by_queue(book: PolicyBook, base: QueueSettings) -> SettingsOf:
    """What the store goes by in each queue: the policy's, and `base` where it says nothing. A set
    that is taken over later counts at once."""

    def settings_of(ref: QueueRef) -> QueueSettings:
        policy = book.find(ref)
        return base if policy is None else _queue_settings(policy, base)

    return settings_of


_BOTH = {item.name for item in fields(QueuePolicy)} & {item.name for item in fields(QueueSettings)}


@lru_cache(maxsize=1_024)
def _queue_settings(policy: QueuePolicy, base: QueueSettings) -> QueueSettings:
    return replace(base, **{name: getattr(policy, name) for name in _BOTH})


async def keep_current(
    book: PolicyBook, store: QueueStore, every_ms: int, changed: Callable[[], None]
) -> None:
    """Take over every newer set, within `every_ms`, and call `changed` then; for as long as the
    node runs."""
    while True:
        await asyncio.sleep(every_ms / 1000)
        try:
            if await book.refresh(store):
                count = len(book.policies.queues)
                log.event(logging.INFO, "The queues are configured anew.", count=count)
                changed()
        except UnreadablePolicies as error:
            log.event(logging.ERROR, "Newer queues cannot be read; the old stay.", error=error)
        except StoreUnavailable:
            continue  # said by those who need it more
