from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from audit_events import DAY_MS, NOON_MS, happened, steps, written
from kolapp_queue import keys
from kolapp_queue.audit_files import files_of
from kolapp_queue.audit_lease import AuditLease, audit_cursors
from kolapp_queue.audit_stream import BATCH
from kolapp_queue.audit_writer import run_audit, writing
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import AuditSettings

DEADLINE_S = 20.0


@pytest.fixture
async def link(store_url: str) -> AsyncIterator[Link]:
    link = Link(store_url, 2_000)
    for key in (keys.AUDIT, keys.QUEUES):
        await link.do(lambda redis, key=key: redis.delete(key))
    yield link
    await link.do(lambda redis: redis.delete(keys.AUDIT))
    await link.close()


@pytest.fixture
def settings(tmp_path: Path) -> AuditSettings:
    return AuditSettings(tmp_path / "audit", poll_ms=10, lease_ms=5_000)


async def write(link: Link, settings: AuditSettings, now_ms: int = NOON_MS) -> None:
    """A writer comes, writes what there is, and goes."""
    async with writing(link, settings, lambda: now_ms) as writer:
        assert writer is not None
        assert await writer.write_all()


async def test_every_event_is_in_the_files_of_its_provider_and_day(
    link: Link, settings: AuditSettings, ref: QueueRef
) -> None:
    other, foreign = QueueRef(ref.provider, "b"), QueueRef(f"{ref.provider}-x", "q")
    await happened(link, ref, "join")
    await happened(link, other, "join")
    await happened(link, foreign, "join")
    await happened(link, ref, "pull", ms=NOON_MS + DAY_MS)
    await happened(link, other, "late", ms=NOON_MS)
    await write(link, settings)
    await write(link, settings)  # nothing new
    assert steps(settings, ref) == ["join", "pull"]
    assert steps(settings, other) == ["join", "late"]
    assert steps(settings, foreign) == ["join"]
    days = [path.stem for path in files_of(settings.directory, ref.provider)]
    assert days == ["2027-01-15", "2027-01-16"]
    assert (await audit_cursors(link))[ref].added == 2
    [record, _] = [r for r in written(settings, ref) if r["queue"] == ref.queue]
    assert record["event"]["patient"] == "a" * 64
    assert record["n"] == 1


async def test_only_one_writes(link: Link, settings: AuditSettings, ref: QueueRef) -> None:
    elsewhere = replace(settings, directory=settings.directory / "elsewhere")
    async with writing(link, settings) as first:
        assert first is not None
        for other in (settings, elsewhere):
            async with writing(link, other) as second:
                assert second is None
        await link.do(lambda redis: redis.delete(keys.AUDIT))  # the lease is lost, the lock is not
        async with writing(link, settings) as third:
            assert third is None
        async with writing(link, elsewhere) as fourth:
            assert fourth is not None
            await happened(link, ref, "join")
            assert not await first.write_all()
    assert steps(settings, ref) == []


async def test_a_writer_that_died_before_telling_the_store_leaves_no_double(
    link: Link, settings: AuditSettings, ref: QueueRef
) -> None:
    for step in "abc":
        await happened(link, ref, step)
    await write(link, settings)
    field = f"at:{keys.registry_member(ref)}"
    [entry, *_] = written(settings, ref)
    for stored in ("0-0 0", f"{entry['id']} 1"):
        await link.do(lambda redis, value=stored: redis.hset(keys.AUDIT, field, value))
        await write(link, settings)
    await link.do(lambda redis: redis.hdel(keys.AUDIT, field))
    await happened(link, ref, "d")
    await write(link, settings)
    assert steps(settings, ref) == list("abcd")
    assert written(settings, ref, "gap") == []


async def test_what_cannot_be_read_any_more_is_a_gap_in_the_files(
    link: Link, settings: AuditSettings, ref: QueueRef
) -> None:
    await happened(link, ref, "a")
    await write(link, settings)
    for step in "bcd":
        await happened(link, ref, step)
    key = keys.queue_key(ref, "events")
    await link.do(lambda redis: redis.xtrim(key, maxlen=1, approximate=False))
    await write(link, settings)
    await write(link, settings)
    assert steps(settings, ref) == ["a", "d"]
    [gap] = written(settings, ref, "gap")
    assert (gap["queue"], gap["missing"]) == (ref.queue, 2)


async def test_a_store_that_went_back_doubles_nothing(
    link: Link, settings: AuditSettings, ref: QueueRef
) -> None:
    """As after a backup was put back: some events are known, some were lost, some are new."""
    key = keys.queue_key(ref, "events")
    await happened(link, ref, *map(str, range(BATCH + 10)))
    backup = await link.do(lambda redis: redis.dump(key))
    await happened(link, ref, "lost later")
    await write(link, settings)
    await link.do(lambda redis: redis.restore(key, 0, backup, replace=True))
    await write(link, settings)
    await happened(link, ref, "new")
    await write(link, settings)
    assert steps(settings, ref) == [*map(str, range(BATCH + 10)), "lost later", "new"]
    [gap] = written(settings, ref, "gap")
    assert "lost writes" in gap["why"]


async def test_old_files_go_after_their_years(
    link: Link, settings: AuditSettings, ref: QueueRef
) -> None:
    leap = 1_835_438_400_000  # 2028-02-29
    for ms in (NOON_MS, NOON_MS + DAY_MS, leap):
        await happened(link, ref, "step", ms=ms)
        await write(link, settings, ms)
    await write(link, replace(settings, years=1), leap)
    assert [path.stem for path in files_of(settings.directory, ref.provider)] == ["2028-02-29"]
    assert len(written(settings, ref, "removed")) == 2


WRITER = """
import asyncio, pathlib, sys
from kolapp_queue.audit_writer import run_audit
from kolapp_queue.settings import AuditSettings
settings = AuditSettings(pathlib.Path(sys.argv[2]), poll_ms=1, lease_ms=300)
asyncio.run(run_audit(sys.argv[1], settings, 2_000))
"""


async def test_writers_killed_in_mid_stream_lose_and_double_nothing(
    link: Link, settings: AuditSettings, ref: QueueRef, store_url: str
) -> None:
    """Two run at once; now the one, now the other is killed while events keep coming."""

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WRITER, store_url, str(settings.directory)])

    writers = [started() for _ in range(2)]
    total = 0
    try:
        for round_ in range(6):
            before = len(steps_now(settings, ref))
            for _ in range(60):
                await happened(link, ref, str(total))
                total += 1
            await until(lambda before=before: len(steps_now(settings, ref)) > before)
            victim = writers[round_ % 2]
            victim.kill()
            victim.wait()
            writers[round_ % 2] = started()
        await until(lambda: len(steps_now(settings, ref)) >= total)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert steps(settings, ref) == [str(number) for number in range(total)]
    assert written(settings, ref, "gap") == []


def steps_now(settings: AuditSettings, ref: QueueRef) -> list[bytes]:
    """The whole lines of events that are in the files, while they are being written."""
    lines = b"".join(path.read_bytes() for path in files_of(settings.directory, ref.provider))
    return [line for line in lines.split(b"\n")[:-1] if b'"kind":"event"' in line]


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 (a file tells nobody that it grew)
            await asyncio.sleep(0.01)


async def test_a_writer_waits_for_the_lease_of_a_dead_one(
    store_url: str, settings: AuditSettings, link: Link, ref: QueueRef
) -> None:
    soon = replace(settings, lease_ms=300)
    assert await AuditLease(link, "dead", soon.lease_ms).hold()
    await happened(link, ref, "join")
    await write_until_stopped(store_url, soon, ref)


async def test_a_store_that_was_away_is_read_when_it_is_back(
    settings: AuditSettings, tmp_path: Path, ref: QueueRef
) -> None:
    store = EmbeddedStore(tmp_path / "store")
    writer = asyncio.create_task(run_audit(store.url, settings, 100))
    try:
        store.start()
        store.wait_ready(DEADLINE_S)
        link = Link(store.url, 2_000)
        await happened(link, ref, "join")
        await link.close()
        await until(lambda: steps_now(settings, ref))
    finally:
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        store.stop()
    assert steps(settings, ref) == ["join"]


async def write_until_stopped(store_url: str, settings: AuditSettings, ref: QueueRef) -> None:
    task = asyncio.create_task(run_audit(store_url, settings, 2_000))
    await until(lambda: steps_now(settings, ref))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
