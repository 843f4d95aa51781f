import os
import signal
import time
from dataclasses import replace

import pytest
from kolapp_signalling.process import StartRefused
from kolapp_signalling.settings import Settings
from kolapp_signalling.store_keeper import StoreKeeper


class Heard:
    """What the operator is told."""

    def __init__(self):
        self.events = []

    def died(self, role, cause, pause_ms):
        self.events.append((role, "died", pause_ms))

    def back(self, role, after_ms):
        self.events.append((role, "back", after_ms >= 0))


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def keeper(tmp_path, heard):
    keeper = StoreKeeper(Settings(data_dir=tmp_path / "data", restart_delay_ms=60_000), heard)
    yield keeper
    keeper.stop()


def kill(keeper):
    pid = keeper._store.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_nothing_is_mended_that_is_not_broken(keeper, heard):
    keeper.start()
    keeper.mend()
    assert heard.events == []
    assert keeper.due_ms is None


def test_a_dead_store_is_started_at_once_and_then_with_a_pause(keeper, heard):
    keeper.start()
    kill(keeper)
    keeper.mend()
    assert heard.events == [("store", "died", 0), ("store", "back", True)]
    assert keeper.due_ms is None
    kill(keeper)
    keeper.mend()
    assert heard.events[2:] == [("store", "died", 5_000)]
    assert keeper.due_ms is not None


def test_one_that_does_not_start_again_is_tried_later(tmp_path, heard):
    settings = replace(Settings(data_dir=tmp_path), restart_delay_ms=1, restart_delay_max_ms=1)
    keeper = StoreKeeper(settings, heard)
    keeper.start()
    try:
        kill(keeper)
        aof = next(tmp_path.glob("store/appendonlydir/*.manifest"))
        good = aof.read_bytes()
        aof.write_bytes(b"nonsense\n")
        keeper.mend()
        assert [what for _, what, _ in heard.events] == ["died", "died"]
        aof.write_bytes(good)
        while keeper.due_ms is not None:
            keeper.mend()
        assert heard.events[-1] == ("store", "back", True)
    finally:
        keeper.stop()


def test_a_store_in_use_is_refused_in_its_words(tmp_path, heard):
    first, second = (StoreKeeper(Settings(data_dir=tmp_path), heard) for _ in range(2))
    first.start()
    try:
        with pytest.raises(StartRefused, match="choose another data directory"):
            second.start()
    finally:
        second.stop()
        first.stop()


def test_the_file_is_rewritten_on_schedule(tmp_path, heard):
    keeper = StoreKeeper(Settings(data_dir=tmp_path, store_rewrite_ms=1), heard)
    keeper.start()
    try:
        manifest = next(tmp_path.glob("store/appendonlydir/*.manifest"))
        before = manifest.read_bytes()
        deadline = time.monotonic() + 10
        while manifest.read_bytes() == before:
            keeper.mend()
            assert time.monotonic() < deadline
    finally:
        keeper.stop()
