import os
import select
import signal

import pytest
from kolapp_signalling.children import Child, Refused, child_environment
from kolapp_signalling.setting_kinds import MEDIA
from processes import own_environment

LONG_S = 10.0


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
