"""`kolapp queues check|show|reload`: each returns what to print, or raises StartRefused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kolapp_queue.admission import Closed, Draining, Facts, Open, state
from kolapp_queue.bulletin import Bulletin
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import Line, QueueRef
from kolapp_queue.policy import EVERY_PROVIDER, PolicySet, QueuePolicy
from kolapp_queue.policy_book import UnreadablePolicies, publish, published
from kolapp_queue.policy_file import PolicyFileError, load
from kolapp_queue.store import QueueStore

from .policies import UNREADABLE, own_policies
from .process import StartRefused
from .settings import Settings

T = TypeVar("T")

GONE = "not configured any more"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTICE_SHOWN = 60  # characters
_NEAR_DAYS = 6  # a day of the week says which day is meant up to then


def check(file: Path) -> str:
    """Read the file and use it for nothing."""
    queues = _loaded(file).queues
    names = ", ".join(_name(queue) for queue in queues)
    return f"{file} is good: {_counted(len(queues))} ({names})."


def show(settings: Settings) -> str:
    """Every queue as it stands now."""
    return asyncio.run(with_store(settings, lambda store: _show(store, settings)))


def reload(settings: Settings, file: Path | None) -> str:
    """Make the file's queues those that all nodes go by, without a restart."""
    file = file or settings.queues_file
    if file is None:
        raise StartRefused(
            "Which file? Name it: `kolapp queues reload FILE`, or set KOLAPP_QUEUES_FILE."
        )
    policies = _loaded(file)
    return asyncio.run(with_store(settings, lambda store: _reload(store, policies)))


def _loaded(file: Path) -> PolicySet:
    try:
        return load(file)
    except PolicyFileError as error:
        raise StartRefused(str(error)) from error


async def with_store(settings: Settings, act: Callable[[QueueStore], Coroutine[Any, Any, T]]) -> T:
    """Of the running server. Raises StartRefused when it does not answer."""
    url = settings.store_url or EmbeddedStore(settings.data_dir / "store").url
    try:
        store = await QueueStore.connect(url, settings.queue)
        try:
            return await act(store)
        finally:
            await store.close()
    except StoreUnavailable as error:
        raise StartRefused(
            "The store does not answer; is Kolapp running? Say where with --store-url or "
            "--data-dir."
        ) from error


# show


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    state: str
    waiting: str
    on_duty: str
    notice: str


HEAD = Row("QUEUE", "STATE", "WAITING", "ON DUTY", "NOTICE")


async def _show(store: QueueStore, settings: Settings) -> str:
    policies = await current(store, settings)
    used = await store.queues()
    rows = [await _row(store, ref, policies.find(ref)) for ref in _refs(policies, used)]
    seen = {ref.queue for ref in used}
    rows += (
        Row(_name(queue), "not used yet", "0", "0", "")
        for queue in policies.queues
        if queue.provider == EVERY_PROVIDER and queue.name not in seen
    )
    return _table([HEAD, *rows])


async def current(store: QueueStore, settings: Settings) -> PolicySet:
    """What the nodes go by. Raises StartRefused when it cannot be read."""
    try:
        return await published(store) or own_policies(settings)
    except UnreadablePolicies as error:
        raise StartRefused(UNREADABLE) from error
    except PolicyFileError as error:
        raise StartRefused(str(error)) from error


def _refs(policies: PolicySet, used: list[QueueRef]) -> list[QueueRef]:
    """In the order of the file, then what was used and is in it no more."""
    own = [QueueRef(queue.provider, queue.name) for queue in policies.queues if _is_own(queue)]
    return own + [ref for ref in used if ref not in own]


def _is_own(queue: QueuePolicy) -> bool:
    return queue.provider != EVERY_PROVIDER


async def _row(store: QueueStore, ref: QueueRef, policy: QueuePolicy | None) -> Row:
    line, bulletin = await store.line(ref), await store.bulletin(ref)
    bulletin = bulletin.at(line.now_ms)
    said = describe(policy, line, bulletin) if policy else GONE
    words = (bulletin.closing and bulletin.closing.text, bulletin.notice and bulletin.notice.text)
    notice = " / ".join(" ".join(word.split()) for word in words if word)
    if len(notice) > _NOTICE_SHOWN:
        notice = f"{notice[: _NOTICE_SHOWN - 3]}..."
    return Row(_shown(ref), said, str(len(line.waiting)), str(line.on_duty), notice)


def describe(policy: QueuePolicy, line: Line, bulletin: Bulletin) -> str:
    """Open or closed until when, in the queue's own time."""
    found = state(policy, Facts(len(line.waiting), bulletin), line.now_ms)

    def when(moment_ms: int) -> str:
        return moment(moment_ms, line.now_ms, policy.zone)

    match found:
        case Open(_, None):
            return "open"
        case Open(_, int(closes_ms)):
            return f"open until {when(closes_ms)}"
        case Draining() | Closed():
            said = "closed early" if found.early else "closed"
            if found.opens_ms is not None:
                said += f" until {when(found.opens_ms)}"
            elif found.early:
                said += " until reopened"
            return f"{said}, serving who waits" if isinstance(found, Draining) else said
        case _:
            raise AssertionError(found)


def moment(moment_ms: int, now_ms: int, zone: ZoneInfo) -> str:
    """As short as it can be understood today."""
    then, now = (
        (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone) for ms in (moment_ms, now_ms)
    )
    days = (then.date() - now.date()).days
    if days == 0:
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if 0 < days <= _NEAR_DAYS else f"{then:%Y-%m-%d %H:%M}"


def _table(rows: list[Row]) -> str:
    cells = [(row.name, row.state, row.waiting, row.on_duty, row.notice) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


# reload


async def _reload(store: QueueStore, policies: PolicySet) -> str:
    try:
        before = await published(store)
    except UnreadablePolicies:
        before = None  # that is what this command is for
    if before == policies:
        version = await store.policies_version()
        return f"Nothing has changed: {_counted(len(policies.queues))}, version {version}."
    if before is not None:
        await _refuse_orphans(store, before, policies)
    version = await publish(store, policies)
    changed = _changes(before or PolicySet(()), policies)
    return f"Published as version {version}; all nodes follow within a second. {changed}"


async def _refuse_orphans(store: QueueStore, before: PolicySet, policies: PolicySet) -> None:
    """A queue that people wait in is not taken away under them."""
    for ref in await store.queues():
        if before.find(ref) is None or policies.find(ref) is not None:
            continue
        if count := len((await store.line(ref)).waiting):
            raise StartRefused(
                f"{_shown(ref)} is not in the file, but {count} wait there: keep it, closed, until "
                "nobody does."
            )


def _changes(before: PolicySet, after: PolicySet) -> str:
    old = {_name(queue): queue for queue in before.queues}
    new = {_name(queue): queue for queue in after.queues}
    kinds = {
        "New": [name for name in new if name not in old],
        "Changed": [name for name in new if name in old and new[name] != old[name]],
        "Gone": [name for name in old if name not in new],
    }
    said = [f"{kind}: {', '.join(names)}." for kind, names in kinds.items() if names]
    return " ".join(said) or "Only their order is new."


def _counted(count: int) -> str:
    return f"{count} queue{'s' * (count != 1)}"


def _name(queue: QueuePolicy) -> str:
    return f"{queue.provider}/{queue.name}"


def _shown(ref: QueueRef) -> str:
    return f"{ref.provider}/{ref.queue}"
