"""`kolapp queues notice|close|reopen`: each returns what to print, or raises StartRefused.

The audit knows who ran a command by the pseudonym of their name on this machine.
"""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kolapp_queue.admission import rest_of_the_day
from kolapp_queue.bulletin import Bulletin
from kolapp_queue.model import NAME, QueueRef
from kolapp_queue.policy import QueuePolicy
from kolapp_queue.store import QueueStore

from .audit_command import pseudonym
from .gate import notices
from .process import StartRefused
from .queues_command import GONE, current, describe, with_store
from .settings import Settings

ISSUER = "command-line"  # of the pseudonym
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order goes."""

    store: QueueStore
    ref: QueueRef
    policy: QueuePolicy
    now_ms: int
    who: str


Order = Callable[[Place], Awaitable[Bulletin]]


def notice(settings: Settings, queue: str, word: str) -> str:
    """An empty word takes the last one back."""

    async def order(place: Place) -> Bulletin:
        return await place.store.set_notice(place.ref, word, place.who)

    return _ordered(settings, queue, order)


def close(settings: Settings, queue: str, until: str, rest_of_day: bool, word: str) -> str:
    """`until` as the queue's clock shows it; "": until reopened, or for the rest of the day."""

    async def order(place: Place) -> Bulletin:
        until_ms = until_of(until, place.policy.zone, place.now_ms) if until else None
        if rest_of_day:
            until_ms = rest_of_the_day(place.policy, place.now_ms)
        return await place.store.close_early(place.ref, until_ms, word, place.who)

    return _ordered(settings, queue, order)


def reopen(settings: Settings, queue: str) -> str:
    async def order(place: Place) -> Bulletin:
        return await place.store.reopen(place.ref, place.who)

    return _ordered(settings, queue, order)


def until_of(text: str, zone: ZoneInfo, now_ms: int) -> int:
    """A time of today, or a moment of the queue's clock or of one with an offset of its own."""
    now = (_EPOCH + timedelta(milliseconds=now_ms)).astimezone(zone)
    try:
        then = datetime.fromisoformat(f"{now:%Y-%m-%d}T{text}" if len(text) == 5 else text)
    except ValueError:
        raise StartRefused(
            f"{text} is no time: say 17:00, or 2027-01-15T08:00, as the queue's clock shows it."
        ) from None
    then = then if then.tzinfo is not None else then.replace(tzinfo=zone)
    if then <= now:
        raise StartRefused(f"{text} is over: it is {now:%Y-%m-%d %H:%M} in {zone.key}.")
    return (then - _EPOCH) // timedelta(milliseconds=1)


def _ordered(settings: Settings, queue: str, order: Order) -> str:
    """How the queue stands after the order."""
    ref, who = _ref(queue), pseudonym(settings, ISSUER, _user())

    async def run(store: QueueStore) -> str:
        configured = (await current(store, settings)).find(ref)
        if configured is None and not await store.active(ref):
            raise StartRefused(f"There is no {queue}; `kolapp queues show` lists the queues.")
        policy = configured or QueuePolicy(ref.provider, ref.queue)
        line = await store.line(ref)
        try:
            bulletin = await order(Place(store, ref, policy, line.now_ms, who))
        except ValueError as wrong:
            raise StartRefused(f"Nothing was said, because {wrong}.") from wrong
        read = "".join(f" {word}" for word in notices(bulletin, line.now_ms))
        how = describe(policy, line, bulletin) if configured else GONE
        stands = f"{queue} is {how}. {len(line.waiting)} wait"
        return f"{stands} and read:{read}" if read else f"{stands}."

    return asyncio.run(with_store(settings, run))


def _ref(queue: str) -> QueueRef:
    provider, _, name = queue.partition("/")
    if not (NAME.match(provider) and NAME.match(name)):
        raise StartRefused(f"{queue} is no queue: name it as PROVIDER/QUEUE.")
    return QueueRef(provider, name)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
