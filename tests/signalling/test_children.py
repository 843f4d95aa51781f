import os
import select
import signal
from pathlib import Path

import pytest
from kolapp_signalling.children import Child, Loaded, Refused, child_environment
from kolapp_signalling.setting_kinds import MEDIA
from processes import own_environment

LONG_S = 60.0


@pytest.fixture
def child():
    """A media node without a store: it refuses, as soon as it is started."""
    one = Child(MEDIA, own_environment(None))
    yield one
    one.kill()


def readable(descriptor):
    return bool(select.select([descriptor], [], [], LONG_S)[0])


def test_it_says_why_it_does_not_start(child):
    child.start()
    assert readable(child.reports)
    report = child.read_report()
    assert isinstance(report, Refused)
    assert "needs the store" in report.sentence
    assert child.reports == -1
    child.process.wait(LONG_S)
    assert child.has_died()
    assert not child.runs()
    assert child.cause_of_death() == "it ended with exit code 1"


def test_one_that_dies_wordless_leaves_no_report(child):
    child.start()
    child.process.send_signal(signal.SIGKILL)
    assert readable(child.reports)
    assert child.read_report() is None
    child.process.wait(LONG_S)
    assert child.cause_of_death() == "it was ended by SIGKILL"


def test_a_signal_without_a_name_is_told_by_its_number(child):
    child.start()
    child.process.send_signal(signal.SIGRTMIN + 1)
    child.process.wait(LONG_S)
    assert child.cause_of_death() == f"it was ended by signal {signal.SIGRTMIN + 1}"


@pytest.fixture
def spare(child):
    child.start(spare=True)
    assert readable(child.reports)
    assert child.read_report() == Loaded()
    return child


def command_line(child):
    return Path(f"/proc/{child.process.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")


def test_a_spare_does_nothing_before_its_turn_and_says_so_in_its_command_line(spare):
    assert spare.runs()
    assert command_line(spare)[-2:] == [b"media", b"--spare"]
    assert spare.take_turn()
    assert readable(spare.reports)
    assert command_line(spare)[-1:] == [b"media"]
    assert isinstance(spare.read_report(), Refused), "there is no store: the same as from cold"


def test_a_spare_serves_as_eagerly_as_any(spare):
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, spare.process.pid) == ours


def test_a_spare_whose_turn_will_not_come_ends(spare):
    spare.process.stdin.close()
    assert spare.process.wait(LONG_S) == 0


def test_a_spare_that_has_died_takes_no_turn(spare):
    spare.process.kill()
    spare.process.wait(LONG_S)
    assert not spare.take_turn()


def test_it_is_out_of_reach_of_the_terminal(child):
    child.start()
    assert os.getpgid(child.process.pid) == child.process.pid


def test_killing_is_final_and_safe_to_repeat(child):
    child.start()
    pid = child.process.pid
    child.kill()
    child.kill()
    assert (child.process, child.reports) == (None, -1)
    assert not child.has_died()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_no_secret_is_on_the_command_line(child):
    child.environment["KOLAPP_CLUSTER_SECRET"] = "ab" * 32
    child.start()
    assert "ab" * 32 not in " ".join(child.process.args)


def test_a_childs_environment_has_its_own_settings_only():
    parent = {"PATH": "/bin", "KOLAPP_HTTP_PORT": "1", "KOLAPP_READY_FD": "7"}
    assert child_environment(parent, {"KOLAPP_LAN": "yes"}) == {"PATH": "/bin", "KOLAPP_LAN": "yes"}
