import os
import signal

import pytest
from kolapp_signalling.wakeups import STOP, Wakeups

LONG_S = 5.0


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("number", sorted(STOP))
def test_a_stop_signal_ends_the_wait_and_not_the_process(number):
    before = signal.getsignal(number)
    with Wakeups() as wakeups:
        os.kill(os.getpid(), number)
        assert wakeups.wait(LONG_S) == []
        assert wakeups.stops_asked == 1
    assert signal.getsignal(number) is before


def test_a_signal_before_the_wait_is_not_missed_and_not_seen_twice():
    with Wakeups() as wakeups:
        os.kill(os.getpid(), signal.SIGCHLD)
        assert wakeups.wait(LONG_S) == []
        assert wakeups.stops_asked == 0
        assert wakeups.wait(0) == []


def test_a_readable_pipe_is_named(pipe):
    reader, writer = pipe
    with Wakeups() as wakeups:
        wakeups.watch(reader)
        assert wakeups.wait(0) == []
        os.write(writer, b"x")
        assert wakeups.wait(LONG_S) == [reader]
        wakeups.unwatch(reader)
        assert wakeups.wait(0) == []


def test_started_with_nohup_the_terminal_may_go():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Wakeups() as wakeups:
            os.kill(os.getpid(), signal.SIGHUP)
            assert wakeups.wait(0) == []
            assert wakeups.stops_asked == 0
    finally:
        signal.signal(signal.SIGHUP, before)
