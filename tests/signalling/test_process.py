import asyncio
import json
import os
import select
import signal
import subprocess
import sys

import pytest
from kolapp_signalling import process

GONE_S = 5.0


@pytest.fixture
def ready_pipe(monkeypatch):
    reader, writer = os.pipe()
    monkeypatch.setenv(process.READY_FD, str(writer))
    with open(reader) as told:
        yield told


def test_readiness_is_one_line_to_the_parent(ready_pipe, capsys):
    process.report_ready({"url": "http://127.0.0.1:1"})
    assert json.loads(ready_pipe.read()) == {"ready": {"url": "http://127.0.0.1:1"}}
    assert process.READY_FD not in os.environ, "what this process starts must not report for it"
    assert capsys.readouterr().out == ""


def test_a_parent_that_has_given_up_is_no_fault(monkeypatch, capsys):
    reader, writer = os.pipe()
    monkeypatch.setenv(process.READY_FD, str(writer))
    os.close(reader)
    process.report_ready({})
    assert capsys.readouterr() == ("", "")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writer)


def test_a_refusal_too(ready_pipe, capsys):
    process.report_refusal("No.")
    assert json.loads(ready_pipe.read()) == {"refused": "No."}
    assert capsys.readouterr().err == ""


def test_without_a_parent_the_operator_is_told(capsys):
    process.report_ready({"url": "http://127.0.0.1:1"})
    process.report_refusal("No.")
    assert capsys.readouterr() == ("Ready. http://127.0.0.1:1\n", "No.\n")


def test_who_has_loaded_says_so_and_will_say_more(ready_pipe):
    process.report_loaded()
    process.report_ready({})
    assert [json.loads(line) for line in ready_pipe] == [{"loaded": True}, {"ready": {}}]


DROP = """
import sys
from kolapp_signalling.process import drop_argument
print(drop_argument("--never"), drop_argument(sys.argv[-1]))
print(open("/proc/self/cmdline").read().rstrip("\\0").split("\\0")[2:])
"""


def test_an_argument_is_taken_off_the_command_line():
    command = [sys.executable, "-c", DROP, "one", "--two"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False True", str([DROP, "one"])]


# The grandchild waits for its standard input to end, which it never does: the pipe is ours.
CHILD = """
import os, sys
from kolapp_signalling.process import die_with_parent
die_with_parent(os.environ)
print("watching", flush=True)
sys.stdin.read()
"""
PARENT = """
import os, subprocess, sys
watched = {"KOLAPP_PARENT_PID": sys.argv[2] or str(os.getpid())}
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env=os.environ | watched)
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family():
    """A parent and its child; with a wrong pid the child must end by itself."""
    started = []

    def start(parent_pid=""):
        one = subprocess.Popen(
            [sys.executable, "-c", PARENT, CHILD, parent_pid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(one)
        return one, os.pidfd_open(int(one.stdout.readline()))

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stdin.close()
        one.stdout.close()


def has_gone(watch):
    gone = select.select([watch], [], [], GONE_S)[0]
    os.close(watch)
    return bool(gone)


def test_a_child_dies_with_its_killed_parent(family):
    parent, child = family()
    assert parent.stdout.readline() == "watching\n"
    parent.kill()
    assert has_gone(child)


def test_a_child_whose_parent_died_first_ends(family):
    parent, child = family(parent_pid="1")
    assert has_gone(child)
    assert parent.stdout.read() == ""


async def test_told_to_stop():
    stop = process.told_to_stop()
    assert not stop.is_set()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(GONE_S):
        await stop.wait()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


def test_measured_time_does_not_jump_back():
    first = process.now_ms()
    assert process.now_ms() >= first
