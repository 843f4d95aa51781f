"""One child process of `kolapp serve`: started, heard when ready, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from .process import PARENT_PID, READY_FD
from .setting_sources import PREFIX
from .standby import SPARE, TURN


@dataclass(frozen=True, slots=True)
class Ready:
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spare waits for its turn from now on."""


@dataclass(frozen=True, slots=True)
class Refused:
    sentence: str


@dataclass
class Child:
    """`role` is the command that the child runs: signalling or media."""

    role: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    reports: int = field(default=-1, init=False)  # read end of its pipe while it starts, else -1

    def start(self, spare: bool = False) -> None:
        """`spare`: it loads its packages and does no more before `take_turn`."""
        # -P: modules of the directory we happen to be in are none of ours
        command = [sys.executable, "-P", "-m", "kolapp_signalling", self.role]
        reader, writer = os.pipe()
        try:
            self.process = subprocess.Popen(
                [*command, SPARE] if spare else command,
                env=self.environment | {READY_FD: str(writer), PARENT_PID: str(os.getpid())},
                stdin=subprocess.PIPE if spare else subprocess.DEVNULL,
                pass_fds=(writer,),
                process_group=0,  # Ctrl-C in a terminal must reach the supervisor alone
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self.reports = reader

    def take_turn(self) -> bool:
        """A spare becomes the node. False if it has just died."""
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            with self.process.stdin as pipe:
                pipe.write(TURN)
        except BrokenPipeError:
            return False
        return True

    def read_report(self) -> Ready | Loaded | Refused | None:
        """What it said about its start, once the pipe is readable; None if it died wordless.
        After `Loaded` more will come, after anything else the pipe is closed."""
        line = self._read_line()
        said = json.loads(line) if line else None
        if said is not None and "loaded" in said:
            return Loaded()
        self.close_pipe()
        if said is None:
            return None
        if "ready" in said:
            return Ready({str(key): str(value) for key, value in said["ready"].items()})
        return Refused(str(said["refused"]))

    def _read_line(self) -> bytes:
        """It writes a line at once, and never two before its turn."""
        found = b""
        while not found.endswith(b"\n"):
            more = os.read(self.reports, 65_536)
            if not more:
                return b""
            found += more
        return found

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def has_died(self) -> bool:
        """It was started and has ended since; false again once forgotten."""
        return self.process is not None and self.process.poll() is not None

    def cause_of_death(self) -> str:
        code = self.process.returncode if self.process else 0
        if code >= 0:
            return f"it ended with exit code {code}"
        named = {number.value: number.name for number in signal.Signals}
        return f"it was ended by {named.get(-code, f'signal {-code}')}"

    def forget(self) -> None:
        """The process is dead and buried; the child may be started again."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None
        self.close_pipe()

    def close_pipe(self) -> None:
        """Nobody listens any more to what it says about its start."""
        if self.reports >= 0:
            os.close(self.reports)
            self.reports = -1

    def tell_to_stop(self) -> None:
        """At once: all of the server stops, so nothing could go on elsewhere."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it now and wait for its end, which SIGKILL makes certain."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.forget()


def child_environment(parent: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The parent's environment, with these settings in place of the parent's own."""
    kept = {name: value for name, value in parent.items() if not name.startswith(PREFIX)}
    return kept | dict(settings)
