from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kolapp_queue.embedded import (
    LOG_LIMIT,
    SOCKET_PATH_LIMIT,
    EmbeddedStore,
    EmbeddedStoreError,
)
from kolapp_queue.model import QueueRef, Visit
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull

REF = QueueRef("provider", "drop-in")
DEADLINE_S = 10.0

# A process that starts a store, tells its process id and waits to be killed.
PARENT = """
import sys
from kolapp_queue.embedded import EmbeddedStore
store = EmbeddedStore(sys.argv[1])
store.start()
store.wait_ready(10)
print(store.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    server.wait_ready(DEADLINE_S)
    yield server
    server.stop()


async def fill(url: str) -> tuple[Visit, tuple[str, ...]]:
    """Three patients, the first of them called."""
    store = await QueueStore.connect(url, QueueSettings())
    for name in ("anna", "bo", "cecilia"):
        await join(store, REF, name)
    visit = await pull(store, REF)
    line = await store.line(REF)
    await store.close()
    return visit, line.waiting


async def assert_kept(url: str, visit: Visit, waiting: tuple[str, ...]) -> None:
    store = await QueueStore.connect(url, QueueSettings())
    assert (await store.line(REF)).waiting == waiting
    assert await store.read_visit(REF, visit.id) == visit
    assert (await store.duty(REF.provider, DOCTOR)).visit == visit
    await store.close()


def gone(pid: int) -> bool:
    """No process, or one that only its parent has to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_it_starts_fast(tmp_path: Path) -> None:
    began = time.monotonic()
    server = EmbeddedStore(tmp_path)
    server.start()
    server.wait_ready(DEADLINE_S)
    took = time.monotonic() - began
    server.stop()
    assert took < 2, "0.05 s on an idle machine; this bound only tells a hang"


def test_it_is_private_and_has_no_port(server: EmbeddedStore, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_path.stat().st_mode) == 0o700
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(server.socket_path))
        probe.sendall(b"CONFIG GET port\r\nCONFIG GET appendfsync\r\nCONFIG GET appendonly\r\n")
        reply = b""
        while b"appendonly\r\n$3\r\nyes\r\n" not in reply:
            reply += probe.recv(4096)
    assert b"port\r\n$1\r\n0\r\n" in reply
    assert b"appendfsync\r\n$6\r\nalways\r\n" in reply


async def test_a_killed_server_has_everything_it_acknowledged(server: EmbeddedStore) -> None:
    visit, waiting = await fill(server.url)
    os.kill(server.pid, signal.SIGKILL)
    # At once: the lock of the dying one is waited for.
    restarted = EmbeddedStore(server.socket_path.parent)
    restarted.start()
    restarted.wait_ready(DEADLINE_S)
    await assert_kept(restarted.url, visit, waiting)
    restarted.stop()
    assert server.poll() == -signal.SIGKILL


async def test_it_can_be_started_again(server: EmbeddedStore) -> None:
    visit, waiting = await fill(server.url)
    server.stop()
    assert not server.socket_path.exists()
    server.start()
    server.wait_ready(DEADLINE_S)
    await assert_kept(server.url, visit, waiting)


def test_it_dies_with_its_parent_and_the_next_one_has_everything(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        server = EmbeddedStore(tmp_path)
        visit, waiting = asyncio.run(fill(server.url))
        # Even a frozen one must go.
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
        server.start()
        assert gone(pid)
    server.wait_ready(DEADLINE_S)
    asyncio.run(assert_kept(server.url, visit, waiting))
    server.stop()


def test_a_second_server_on_the_same_directory_is_refused(
    server: EmbeddedStore, tmp_path: Path
) -> None:
    second = EmbeddedStore(tmp_path / "store", lock_wait_s=0.05)
    with pytest.raises(EmbeddedStoreError) as raised:
        second.start()
    assert str(raised.value) == (
        f"Another embedded store (process {server.pid}) uses {tmp_path / 'store'}:"
        " stop it or choose another data directory."
    )
    assert server.poll() is None
    server.wait_ready(DEADLINE_S)


def test_the_same_one_is_not_started_twice(server: EmbeddedStore) -> None:
    with pytest.raises(EmbeddedStoreError, match="running already"):
        server.start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path("/tmp").resolve() / f"kolapp-test-{os.getpid()}"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    server = EmbeddedStore(tmp_path / ("long" * 20) / "and space")
    assert len(os.fsencode(server.socket_path)) <= SOCKET_PATH_LIMIT
    server.start()
    server.wait_ready(DEADLINE_S)
    (directory,) = short.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    visit, waiting = asyncio.run(fill(server.url))
    asyncio.run(assert_kept(server.url, visit, waiting))
    server.stop()
    assert list(short.iterdir()) == []
    short.rmdir()


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedStoreError, match="is not a directory of this user"):
        EmbeddedStore(tmp_path / "store").start()


def test_a_broken_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest")
    server = EmbeddedStore(tmp_path)
    server.start()
    with pytest.raises(EmbeddedStoreError, match=r"ended while starting; .*valkey\.log says why"):
        server.wait_ready(DEADLINE_S)
    assert server.poll() == 1
    server.stop()


def test_the_log_stays_short(server: EmbeddedStore, tmp_path: Path) -> None:
    log = tmp_path / "store" / "valkey.log"
    with log.open("ab") as file:
        file.truncate(LOG_LIMIT + 1)
    assert server.poll() is None
    assert not log.exists()
    assert log.with_suffix(".log.1").stat().st_size > LOG_LIMIT


def test_nothing_works_before_the_start(tmp_path: Path) -> None:
    server = EmbeddedStore(tmp_path)
    with pytest.raises(EmbeddedStoreError, match="not been started"):
        server.poll()
    with pytest.raises(EmbeddedStoreError, match="not been started"):
        _ = server.pid
    server.stop()
