"""That it stays small; what it does is tested on real processes in tests/test_restart.py."""

import subprocess
import sys

import pytest
from kolapp_signalling.setting_kinds import MEDIA, SIGNALLING
from kolapp_signalling.settings import Settings
from kolapp_signalling.shared_port import SharedPort
from kolapp_signalling.supervisor import Supervisor, media_nodes

HEAVY = ("asyncio", "aiohttp", "redis", "aiortc", "uvloop", "cryptography", "numpy", "segno", "jwt")


def test_the_supervisor_loads_nothing_heavy():
    code = "import sys, kolapp_signalling.cli, kolapp_signalling.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("cores", "asked", "started"), [(1, 0, 1), (2, 0, 1), (4, 0, 3), (200, 0, 64), (2, 5, 5)]
)
def test_there_is_a_media_node_for_each_core_beyond_the_first(monkeypatch, cores, asked, started):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert media_nodes(Settings(media_nodes=asked)) == started


@pytest.mark.parametrize(("control", "ports"), [("h:0", "00"), ("[::1]:7001", "7001 7002")])
def test_each_of_several_media_nodes_has_a_name_a_port_and_no_spare(control, ports):
    settings = Settings(media_nodes=2, media_control=control, node_id="here", store_url="unix:/x")
    supervisor = Supervisor(settings, {}, None, None)
    made = [supervisor._watched(MEDIA, number) for number in (1, 2)]
    found = [one.child.environment for one in made]
    assert [one.name for one in made] == ["media-1", "media-2"]
    assert [each["KOLAPP_NODE_ID"] for each in found] == ["here-media-1", "here-media-2"]
    told = [each.get("KOLAPP_MEDIA_CONTROL", "h:0").rpartition(":")[2] for each in found]
    assert told == (ports.split() if " " in ports else list(ports))
    assert [one.spare.delay_ms for one in made] == [None, None]


def test_one_media_node_is_called_that_and_has_a_spare():
    supervisor = Supervisor(Settings(media_nodes=1, store_url="unix:/x"), {}, None, None)
    one = supervisor._watched(MEDIA, 1)
    assert (one.name, one.spare.delay_ms) == ("media", Settings().spare_delay_ms)


def test_a_signalling_node_without_a_neighbour_sends_its_clients_off_at_once():
    """There is nobody to take them before its successor is there."""
    supervisor = Supervisor(Settings(store_url="unix:/x"), {}, None, None)
    alone = supervisor._watched(SIGNALLING, 1).child.environment
    assert alone["KOLAPP_DRAIN_MS"] == "1000"
    supervisor.port = SharedPort("127.0.0.1", 0)
    try:
        assert "KOLAPP_DRAIN_MS" not in supervisor._watched(SIGNALLING, 1).child.environment
    finally:
        supervisor.port.close()
