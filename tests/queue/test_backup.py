from __future__ import annotations

import threading
from pathlib import Path

import pytest
from kolapp_queue import backup
from kolapp_queue.append_only import DIRECTORY, MANIFEST, rewrite
from kolapp_queue.backup import NotBackedUp, back_up
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, answered, join, pull
from store_servers import embedded_store

WAIT_S = 20.0
REF = QueueRef("clinic", "drop-in")


async def test_a_backup_put_back_is_the_same_queue(tmp_path: Path) -> None:
    """Taken while the server runs; what happens later is not in it."""
    with embedded_store(tmp_path / "store") as running:
        store = await QueueStore.connect(running.url, QueueSettings())
        visit = await answered(store, REF, "anna")
        await store.hang_up(REF, visit.id, DOCTOR, visit.epoch)
        names = ("bo", "cecilia", "daniel")
        tickets = [await join(store, REF, name) for name in names]
        before = await store.line(REF)
        # As while the server is just about to put a new one in its place.
        (tmp_path / "store" / DIRECTORY / f"temp-{MANIFEST}").touch()
        assert back_up(tmp_path / "store", tmp_path / "backup" / "store") > 0
        await join(store, REF, "eva")
        await store.close()
    with embedded_store(tmp_path / "backup" / "store") as restored:
        store = await QueueStore.connect(restored.url, QueueSettings())
        after = await store.line(REF)
        assert (after.version, after.waiting, after.visits_done) == (
            before.version,
            before.waiting,
            before.visits_done,
        )
        assert await store.find(REF, tickets[0].patient) == tickets[0]
        assert (await pull(store, REF)).ticket == tickets[0].id
        assert (await join(store, REF, "eva")).number == tickets[-1].number + 1
        await store.close()


async def test_a_backup_under_writes_and_rewritings_holds_all_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    with embedded_store(tmp_path / "store") as running:
        link = Link(running.url, 2_000)
        copies: list[tuple[int, int]] = []  # acknowledged before and after each
        stop = threading.Event()

        def copy() -> None:
            while not stop.is_set():
                acknowledged = written
                back_up(tmp_path / "store", tmp_path / f"backup{len(copies)}")
                copies.append((acknowledged, written))

        written = 0
        copier = threading.Thread(target=copy)
        copier.start()
        try:
            while len(copies) < 6 and copier.is_alive():
                written = int(await link.do(lambda redis: redis.incr("counter")))
                if written % 500 == 0:
                    await rewrite(link, WAIT_S)
        finally:
            stop.set()
            copier.join()
            await link.close()
    assert copies[-1][0] > copies[0][0]
    for number, (at_least, at_most) in enumerate(copies):
        with embedded_store(tmp_path / f"backup{number}") as restored:
            link = Link(restored.url, 2_000)
            kept = int(await link.do(lambda redis: redis.get("counter")) or 0)
            await link.close()
        assert at_least <= kept <= at_most + 1


def test_a_backup_that_cannot_be_taken_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup"
    with pytest.raises(NotBackedUp, match="no embedded store"):
        back_up(tmp_path / "nothing", target)
    with embedded_store(tmp_path / "store"):
        pass
    monkeypatch.setattr(backup, "_copy", lambda store, target: None)
    with pytest.raises(NotBackedUp, match="try again later"):
        back_up(tmp_path / "store", target)
    assert not target.exists()
    target.mkdir()
    with pytest.raises(NotBackedUp, match="there already"):
        back_up(tmp_path / "store", target)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_store(tmp_path / "store"):
        pass

    def full(source: Path, target: Path) -> int:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(backup, "_copy_file", full)
    with pytest.raises(NotBackedUp, match="No space left"):
        back_up(tmp_path / "store", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
