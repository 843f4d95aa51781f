"""The servers for the tests: found, installed, or refused in one sentence; never skipped."""

from __future__ import annotations

import os
from pathlib import Path

from fake_programs import put, run_script

NONE = (
    "No redis-server 7 or newer was found; install it or name one with KOLAPP_REDIS_SERVER=/path.\n"
)


def ensure(programs: Path, server: str = "redis-server", **more: str) -> tuple[int, str, str]:
    hidden = ("KOLAPP_REDIS_SERVER", "KOLAPP_TURNSERVER")
    return run_script("ensure_server.py", server, without=hidden, **{"PATH": str(programs)} | more)


def test_an_installed_one_is_used(programs: Path) -> None:
    path = put(programs, "redis-server", "echo Redis server v=7.0.15 sha=0")
    assert ensure(programs) == (0, path, "")


def test_each_server_tells_its_version_in_its_own_way(programs: Path) -> None:
    path = put(programs, "turnserver", "echo 4.6.1")
    assert ensure(programs, "turnserver") == (0, path, "")
    put(programs, "turnserver", "echo 3.2.0")
    assert ensure(programs, "turnserver")[0] == 1


def test_the_named_one_is_used_and_no_other(programs: Path) -> None:
    put(programs, "redis-server", "echo Redis server v=7.0.15 sha=0")
    old = put(programs, "mine", "echo Redis server v=6.2.0 sha=0")
    assert ensure(programs, KOLAPP_REDIS_SERVER=old) == (1, "", NONE)


def test_debians_package_is_installed_by_root_alone(programs: Path) -> None:
    package = put(programs.parent, "redis-server", "echo Redis server v=7.0.15 sha=0")
    put(programs, "apt-get", f'[ "$1" = update ] || /bin/cp {package} {programs}')
    code, told, why = ensure(programs)
    if os.geteuid() == 0:
        assert (code, told) == (0, f"{programs}/redis-server")
        assert why.index("apt-get update") < why.index("apt-get install")
    else:
        assert (code, told, why) == (1, "", NONE)


def test_a_package_that_cannot_be_had_is_told_with_its_cause(programs: Path) -> None:
    put(programs, "apt-get", "echo Reading; echo E: Unable to locate package; echo more; exit 100")
    code, told, why = ensure(programs)
    tried = "Trying: apt-get update\nThat failed: Unable to locate package.\n"
    assert (code, told, why) == (1, "", tried + NONE if os.geteuid() == 0 else NONE)
