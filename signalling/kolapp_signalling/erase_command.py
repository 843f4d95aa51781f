"""`kolapp erase`: all that is personal of one patient is gone when it returns, or it says what is
left and where. Returns what to print, or raises StartRefused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolapp_queue.append_only import NotRewritten, rewrite, traces, until_old_files_are_gone
from kolapp_queue.audit_chain import Broken
from kolapp_queue.embedded import EmbeddedStore, EmbeddedStoreError
from kolapp_queue.erase import Erased, erase_patient
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.leftovers import servers
from kolapp_queue.link import Link
from kolapp_queue.model import NAME, PatientKey
from kolapp_queue.store import QueueStore

from .auditing import audit_settings
from .process import StartRefused
from .settings import Settings

_REWRITE_S = 600.0

_ELSEWHERE = "This store is not Kolapp's own. What remains until its operator removes it:"
# A store that answers no questions about itself.
_UNKNOWN = (
    "its append-only file, if it keeps one: have it rewritten (BGREWRITEAOF)",
    "its snapshots (RDB), if it writes any: the next one replaces the last (BGSAVE)",
    "the same on every replica",
)
_ALWAYS = (
    "bytes of deleted events in any snapshot, for as long as events are kept"
    " (KOLAPP_QUEUE_EVENTS_MS)",
    "every backup of these files",
)


def erase(settings: Settings, provider: str, patient: str) -> str:
    """`settings` are prepared. Raises StartRefused when something of the patient is left that
    should not be; repeating the command is always safe."""
    if not NAME.match(provider) or not NAME.match(patient):
        raise StartRefused("A provider or a pseudonym is of 1 to 64 of A-Z a-z 0-9 _ - only.")
    key = PatientKey(patient)
    try:
        if settings.store_url:
            done = asyncio.run(_erase(settings, settings.store_url, provider, key))
            left = asyncio.run(_left_elsewhere(settings, settings.store_url))
            return "\n".join([_told(done), _ELSEWHERE, *(f" - {one}" for one in left)])
        directory = settings.data_dir / "store"
        with _embedded(directory) as url:
            done = asyncio.run(_erase(settings, url, provider, key, directory))
    except StoreUnavailable as error:
        raise StartRefused(f"The erasure is not done: {error}. Repeat the command.") from error
    except (EmbeddedStoreError, NotRewritten) as error:
        raise StartRefused(f"The erasure is not done: {error}") from error
    except Broken as error:
        raise StartRefused(
            f"The erasure is not done, for the audit files are not whole: {error}."
        ) from error
    return f"{_told(done)}\nThe append-only file is rewritten and holds no trace of the patient."


async def _erase(
    settings: Settings, url: str, provider: str, patient: PatientKey, directory: Path | None = None
) -> Erased:
    link = Link(url, settings.queue.command_timeout_ms)
    store = QueueStore(link, settings.queue)
    audit = audit_settings(settings) if settings.audit else None
    try:
        settle_s = settings.queue.resync_ms / 1000
        done = await erase_patient(store, link, provider, patient, audit, settle_s)
        if done.unaudited:
            raise StartRefused(
                f"{_told(done)} But {done.unaudited} events are not in the audit files yet, and "
                "they may not be lost: see that the audit is written, then repeat the command."
            )
        if directory is not None:
            await _leave_the_disk(link, directory, patient)
        return done
    finally:
        await link.close()


async def _left_elsewhere(settings: Settings, url: str) -> list[str]:
    link = Link(url, settings.queue.command_timeout_ms)
    try:
        known = await servers(link)
    finally:
        await link.close()
    if known is None:
        return [*_UNKNOWN, *_ALWAYS]
    return [*(sentence for server in known for sentence in server.left()), *_ALWAYS]


async def _leave_the_disk(link: Link, directory: Path, patient: PatientKey) -> None:
    await rewrite(link, _REWRITE_S)
    await until_old_files_are_gone(directory, _REWRITE_S)
    left = await asyncio.to_thread(lambda: list(traces(directory, [patient.encode()])))
    if left:
        raise StartRefused(
            f"Traces of the patient are left in {', '.join(map(str, left))}: did the patient join "
            "again meanwhile? Repeat the command."
        )


@contextmanager
def _embedded(directory: Path) -> Iterator[str]:
    """The store of the running server, or started for this if none runs."""
    store = EmbeddedStore(directory, 0)
    if not (directory / "appendonlydir").is_dir():
        raise StartRefused(f"There is no embedded store in {directory}; name the data directory.")
    if store.answers():
        yield store.url
        return
    store.start()
    try:
        store.wait_ready(_REWRITE_S)
        yield store.url
    finally:
        store.stop()


def _told(done: Erased) -> str:
    return f"Erased: {done.tickets} tickets, {done.visits} visits, {done.events} events."
