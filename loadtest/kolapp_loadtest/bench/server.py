"""A `kolapp serve` of the benchmark's own: temporary data, any free port, gone afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from ..errors import BenchFailed
from ..lifetime import Lifetime
from .machine import command_line, descendants

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0  # its own stop is bounded to less
ROLES = ("signalling", "media", "valkey")


class OwnServer(Lifetime):
    """`async with OwnServer(...) as server:` `server.url`, `server.store_url`, `server.pids()`."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = environment or {}
        self._process: Process | None = None
        self._directory = Path()
        self.url = ""

    async def open(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="kolapp-bench-"))
        self.url = await self._start()

    async def close(self) -> None:
        """Tell it to stop, kill it if it does not, and remove its data."""
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()  # its children die with it
                await process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def store_url(self) -> str:
        """The embedded store listens on the one socket in the data directory."""
        for path in self._directory.rglob("*"):
            if stat.S_ISSOCK(path.lstat().st_mode):
                return f"unix://{path}"
        raise BenchFailed("the server's data directory holds no socket of a store")

    def pids(self) -> dict[str, int]:
        """Its processes by role."""
        assert self._process is not None
        found = {"supervisor": self._process.pid}
        for pid in descendants(self._process.pid):
            words = " ".join(command_line(pid))
            role = next((role for role in ROLES if role in words.replace("_signalling", "")), "")
            if role:
                found["store" if role == "valkey" else role] = pid
        return found

    async def _start(self) -> str:
        reader, writer = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "kolapp_signalling", "serve",
                "--data-dir", str(self._directory / "data"), "--port", "0",
                env=self._child_environment(writer),
                stdin=DEVNULL,
                stdout=DEVNULL,
                pass_fds=(writer,),
                process_group=0,  # Ctrl-C is for the benchmark, which then stops the server
            )  # fmt: skip
        finally:
            os.close(writer)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await _first_line(reader)
        except TimeoutError:
            raise BenchFailed(f"the server was not ready in {START_TIMEOUT_S:g} s") from None
        said = json.loads(line) if line else {}
        if "ready" not in said:
            raise BenchFailed(f"the server did not start: {said.get('refused', 'it died')}")
        return str(said["ready"]["url"])

    def _child_environment(self, ready: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KOLAPP_")}
        own = {"KOLAPP_READY_FD": str(ready), "KOLAPP_PARENT_PID": str(os.getpid())}
        return kept | self._environment | own


async def _first_line(descriptor: int) -> bytes:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        return await reader.readline()
    finally:
        transport.close()
