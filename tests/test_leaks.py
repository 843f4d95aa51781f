"""Each kind of leak fails the test that leaked, and nothing else fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parent / "support"

LEAKY = """
import asyncio, os, socket, subprocess, tempfile, threading
import pytest

kept = []

async def test_task():
    kept.append(asyncio.create_task(asyncio.Event().wait(), name="forgotten"))

def test_socket():
    kept.append(socket.socket())

def test_pipe():
    kept.append(os.pipe())

def test_process():
    kept.append(subprocess.Popen(["sleep", "60"]))

def test_orphan():
    # its own session, and its parent is gone: only the mark in its environment tells
    line = "setsid sleep 61 >/dev/null 2>&1 & echo $!"
    told = subprocess.run(["sh", "-c", line], check=True, capture_output=True)
    kept.append(int(told.stdout))

def test_thread():
    stop = threading.Event()
    kept.append(stop)
    threading.Thread(target=stop.wait, name="left", daemon=True).start()

def test_directory():
    tempfile.mkdtemp(prefix="forgotten-")

# and what leaks nothing

@pytest.fixture(scope="module")
def shared():
    with socket.socket() as kept_open:
        process = subprocess.Popen(["sleep", "62"])
        yield kept_open
        process.kill()
        process.wait()

def test_shared_belongings_are_no_leak(shared):
    pass

async def test_tidy(shared, tmp_path):
    task = asyncio.create_task(asyncio.sleep(0))
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.close()
    await asyncio.to_thread(tmp_path.joinpath("x").write_text, "x")
    with tempfile.TemporaryDirectory():
        subprocess.run(["true"], check=True)

def test_failure_is_told_once():
    kept.append(socket.socket())
    raise AssertionError("its own failure")

def test_cleanup():
    for thing in kept:
        if isinstance(thing, threading.Event):
            thing.set()
        elif isinstance(thing, subprocess.Popen):
            thing.kill()
            thing.wait()
        elif isinstance(thing, int):
            os.kill(thing, 9)
"""


def test_each_leak_fails_its_own_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    monkeypatch.setenv("LEAKS_GRACE_S", "0.3")
    monkeypatch.setenv("COLUMNS", "200")  # the summary's lines are cut at the terminal's width
    pytester.makepyfile(LEAKY)
    result = pytester.runpytest_subprocess(
        "-p",
        "leaks",
        "-o",
        "asyncio_mode=auto",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    )
    told = dict(
        re.findall(
            r"^ERROR \S+::test_(\w+) - \S+: left behind: (\w+)", result.stdout.str(), re.MULTILINE
        )
    )
    assert told == {
        "task": "task",
        "socket": "descriptor",
        "pipe": "descriptor",
        "process": "process",
        "orphan": "process",
        "thread": "thread",
        "directory": "temporary",
    }
    result.assert_outcomes(passed=10, errors=7, failed=1)
