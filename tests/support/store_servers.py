"""Stores of every kind that Kolapp runs on, started by the tests on this machine alone.

`KOLAPP_TEST_STORES`: `embedded` (the default), `redis`, `cluster`; one kind for one run.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from kolapp_queue.embedded import EmbeddedStore, _die_with, _server_binary
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore

KINDS = ("embedded", "redis", "cluster")
NODES = 6  # three primaries, each with a replica
SLOTS = 16_384
READY_S = 30.0
COMMON = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "always",
    "daemonize": "no",
    "enable-debug-command": "local",
}


def wanted_kind() -> str:
    kind = os.environ.get("KOLAPP_TEST_STORES", "embedded")
    if kind not in KINDS:
        raise ValueError(f"KOLAPP_TEST_STORES must be one of {', '.join(KINDS)}, not {kind!r}")
    return kind


@contextmanager
def running(kind: str, directory: Path) -> Iterator[str]:
    """The URL of a store of this kind, gone at the end."""
    with {"embedded": _embedded, "redis": _redis, "cluster": cluster}[kind](directory) as url:
        yield url


@contextmanager
def embedded_store(directory: Path) -> Iterator[EmbeddedStore]:
    """One of this test's own, gone at the end, its directory not."""
    server = EmbeddedStore(directory)
    server.start()
    try:
        server.wait_ready(READY_S)
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def connected(url: str, timeout_ms: int = 5_000) -> AsyncIterator[QueueStore]:
    store = await QueueStore.connect(url, QueueSettings(command_timeout_ms=timeout_ms))
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def _embedded(directory: Path) -> Iterator[str]:
    with embedded_store(directory) as server:
        yield server.url


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    """Debian's redis-server, or the one in KOLAPP_REDIS_SERVER."""
    program = os.environ.get("KOLAPP_REDIS_SERVER") or shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError(
            "redis-server is not installed: `scripts/ensure_server.py` installs it as root on"
            " Debian; or name one with KOLAPP_REDIS_SERVER=/path"
        )
    path = directory / "redis.sock"
    options = {"port": "0", "unixsocket": str(path), "unixsocketperm": "700"}
    with _server(program, directory, options):
        url = f"unix://{path}"
        _until(lambda: _ask_unix(path, "PING").startswith("+PONG"), "redis-server is not ready")
        yield url


@contextmanager
def cluster(directory: Path, forget_ms: int = 5_000) -> Iterator[str]:
    """A Valkey Cluster, three primaries with a replica each, on free ports of loopback. Nodes that
    are silent for `forget_ms` are given up by the others."""
    with ExitStack() as stack:
        # All at once: one that is free again would be given out a second time.
        free = _free_ports(2 * NODES)
        ports, buses = free[:NODES], free[NODES:]
        for port, bus in zip(ports, buses, strict=True):
            home = directory / str(port)
            home.mkdir()
            options = {
                "port": str(port),
                "cluster-enabled": "yes",
                "cluster-port": str(bus),
                "cluster-node-timeout": str(forget_ms),
                "cluster-allow-replica-migration": "no",
                "repl-diskless-sync-delay": "0",
            }
            stack.enter_context(_server(str(_server_binary()), home, options))
        for port in ports:
            _until(lambda port=port: _ask(port, "PING").startswith("+PONG"), "a node is not ready")
        _form(ports, buses)
        yield f"redis+cluster://127.0.0.1:{ports[0]}"


def _form(ports: list[int], buses: list[int]) -> None:
    """What `valkey-cli --cluster create` does."""
    for port, bus in zip(ports[1:], buses[1:], strict=True):
        assert _ask(ports[0], f"CLUSTER MEET 127.0.0.1 {port} {bus}").startswith("+OK")
    primaries = ports[: NODES // 2]
    for number, port in enumerate(primaries):
        first, last = (SLOTS * (number + step) // len(primaries) for step in (0, 1))
        assert _ask(port, f"CLUSTER ADDSLOTSRANGE {first} {last - 1}").startswith("+OK")
    for primary, replica in zip(primaries, ports[NODES // 2 :], strict=True):
        name = _ask(primary, "CLUSTER MYID").split("\r\n")[1]
        _until(
            lambda replica=replica, name=name: _ask(
                replica, f"CLUSTER REPLICATE {name}"
            ).startswith("+OK"),
            "a replica does not know its primary",
        )
    for port in ports:
        _until(lambda port=port: _whole(port), "the cluster did not form")


def _whole(port: int) -> bool:
    told = _ask(port, "CLUSTER INFO")
    slaves = _ask(port, "CLUSTER NODES").count(" connected")
    link = _ask(port, "INFO replication")
    replicating = "role:master" in link or "master_link_status:up" in link
    return "cluster_state:ok" in told and slaves >= NODES and replicating


@contextmanager
def _server(program: str, directory: Path, options: dict[str, str]) -> Iterator[None]:
    words = [word for name, value in (COMMON | options | {"dir": str(directory)}).items()
             for word in (f"--{name}", value)]  # fmt: skip
    with (directory / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [program, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_die_with(os.getpid()),
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()  # nothing of it is needed any more
        process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


def _until(true: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + READY_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.02)


def _ask(port: int, command: str) -> str:
    return _talk(socket.AF_INET, ("127.0.0.1", port), command)


def _ask_unix(path: Path, command: str) -> str:
    return _talk(socket.AF_UNIX, str(path), command)


def _talk(family: int, address: object, command: str) -> str:
    """One inline command and its answer; "" while nobody listens."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(address)  # type: ignore[arg-type]  # a tuple or a path
            connection.sendall(f"{command}\r\nQUIT\r\n".encode())
            answer = b""
            while found := connection.recv(65_536):
                answer += found
    except OSError:
        return ""
    return answer.decode().removesuffix("+OK\r\n") if answer != b"+OK\r\n+OK\r\n" else "+OK"
