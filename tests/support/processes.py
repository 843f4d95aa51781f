"""`kolapp serve` as a real process: start it, hear its events, kill its parts, stop it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

START_S = 60.0  # the same is given to the processes for their children, see `own_environment`
STOP_S = 30.0
BUSY_S = 30
# What tells a child's command line from the others'; the store's server rewrites its own.
ROLES = {"store": b"valkey-server", "signalling": b"\0signalling\0", "media": b"\0media\0"}
SPARE = b"\0--spare\0"


@dataclass
class Serve:
    """A running `kolapp serve`. `url` is set once it is ready."""

    process: subprocess.Popen[bytes]
    terminal: IO[bytes]  # a file: a pipe that nobody reads would stop it once full
    events: int  # read end of its pipe of events
    url: str = ""
    spares: set[str] = field(default_factory=set)  # roles with a loaded spare, as far as heard
    _rest: bytes = b""

    def next_event(self, timeout: float = START_S) -> dict[str, Any]:
        """What it says next; fails when it says nothing within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.events], [], [], left)[0]:
                raise TimeoutError(f"kolapp serve said nothing for {timeout:g} s")
            found = os.read(self.events, 65_536)
            if not found:
                raise EOFError(f"kolapp serve ended with exit code {self.process.wait()}")
            self._rest += found
        line, _, self._rest = self._rest.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        self.spares |= {told[name] for name in ("spare",) if name in told}
        self.spares -= {told[name] for name in ("died", "spare_died") if name in told}
        return told

    def wait_ready(self, timeout: float = START_S) -> None:
        event = self.next_event(timeout)
        assert "ready" in event, event
        self.url = event["ready"]["url"]

    def wait_back(self, role: str, timeout: float = START_S) -> int:
        """Until `role`, or one of several in it, is back after a death; how many ms that took, from
        death to readiness."""
        while True:
            event = self.next_event(timeout)
            if event.get("back", "").split("-")[0] == role or event.get("back") == role:
                return int(event["after_ms"])

    def wait_spare(self, *roles: str, timeout: float = START_S) -> None:
        """Until these have a loaded spare; each event heard so far counts."""
        while not self.spares >= {*roles}:
            self.next_event(timeout)

    def pids_of(self, role: str) -> list[int]:
        """Of all children in this role, in the order of their start."""
        return sorted(pid for pid, what in self.children().items() if what == role)

    def pid_of(self, role: str) -> int:
        """Of the child in this role: signalling, media, store, or such as "media spare"."""
        [found] = [pid for pid, what in self.children().items() if what == role]
        return found

    def children(self) -> dict[int, str]:
        """Role by pid, of those that run now."""
        found = {}
        for pid in children_of(self.process.pid):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            for role, sign in ROLES.items():
                if sign in line:  # in none while it is forked and not yet itself
                    found[pid] = f"{role} spare" if SPARE in line else role
        return found

    def kill(self, role: str) -> None:
        os.kill(self.pid_of(role), signal.SIGKILL)

    def kill_all(self) -> None:
        """SIGKILL of the whole `kolapp serve` at one moment, and wait until it is gone."""
        pids = [self.process.pid, *self.children()]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def output(self) -> str:
        """Everything it and its children wrote to their terminal so far."""
        self.terminal.seek(0)
        return self.terminal.read().decode()


@contextmanager
def started(
    data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Serve]:
    """Started on a free port but not waited for; whatever is left of it at the end is killed."""
    command = [sys.executable, "-P", "-m", "kolapp_signalling", "serve"]
    reader, writer = os.pipe()
    with tempfile.TemporaryFile(mode="a+b") as terminal:  # every writer appends
        process = subprocess.Popen(
            [*command, "--data-dir", str(data_dir), "--port", "0", *arguments],
            env=own_environment(environment) | {"KOLAPP_READY_FD": str(writer)},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            pass_fds=(writer,),
        )
        os.close(writer)
        try:
            yield Serve(process, terminal, reader)
        finally:
            if process.poll() is None:
                process.kill()  # its children die with it
            process.wait(STOP_S)
            os.close(reader)


@contextmanager
def serving(
    data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Serve]:
    """Started and ready. At the end it is stopped as an operator would, if it still runs."""
    with started(data_dir, *arguments, environment=environment) as serve:
        serve.wait_ready()
        yield serve
        if serve.process.poll() is None:
            assert serve.stop() == 0


@contextmanager
def busy_machine() -> Iterator[None]:
    """Each core has somebody else at work, as when browsers run beside; for a bounded time."""
    code = f"import time; end = time.monotonic() + {BUSY_S}\nwhile time.monotonic() < end: pass"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@contextmanager
def node_alone(role: str, data_dir: Path, store_url: str, *arguments: str) -> Iterator[str]:
    """`kolapp signalling` or `kolapp media` by itself, ready; its URL or "". Stopped at the end."""
    command = [sys.executable, "-P", "-m", "kolapp_signalling", role, "--store-url", store_url]
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [*command, "--data-dir", str(data_dir), *arguments],
        env=own_environment(None) | {"KOLAPP_READY_FD": str(writer)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writer,),
    )
    os.close(writer)
    try:
        with open(reader, "rb") as pipe:
            assert select.select([pipe], [], [], START_S)[0], f"the {role} node is not ready"
            told = json.loads(pipe.readline())
        yield told["ready"].get("url", "")
        process.terminate()
        assert process.wait(STOP_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_S)


def children_of(parent: int) -> list[int]:
    """Pids of the processes whose parent this is, zombies left out."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{name}/stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        state, ppid = stat.rpartition(")")[2].split()[:2]
        if int(ppid) == parent and state != "Z":
            found.append(int(name))
    return found


def run_kolapp(
    *arguments: str, environment: Mapping[str, str] | None = None, keep: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Any command of `kolapp` that ends by itself; it inherits the descriptors of `keep`."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "kolapp_signalling", *arguments],
        env=own_environment(environment),
        capture_output=True,
        text=True,
        timeout=START_S,
        pass_fds=keep,
        check=False,
    )


def own_environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Ours without its settings; the process dies with this one, however that ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KOLAPP_")}
    own = {
        "KOLAPP_PARENT_PID": str(os.getpid()),
        "KOLAPP_SPARES": "no",  # who tests them asks
        "KOLAPP_START_TIMEOUT_MS": f"{START_S * 1000:.0f}",
    }
    return kept | own | dict(more or {})
