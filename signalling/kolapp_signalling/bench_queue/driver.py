"""A driver process as the benchmark sees it: JSON lines over its pipes."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import Any, Self

from .peers import Peer

STOP_S = 10.0
LINE_LIMIT = 1_000_000


class DriverFailed(Exception):
    """A driver ended or did not answer; its words are on standard error."""


class Driver:
    def __init__(self, name: str, peer: Peer) -> None:
        self.name = name
        self._peer = peer
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._peer.command,
            env=dict(os.environ) | self._peer.environment,
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE_LIMIT,
            process_group=0,  # Ctrl-C is for the benchmark, which then stops its drivers
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        if process.returncode is None and error is None:
            process.stdin.close()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
        elif process.returncode is None:
            process.kill()
        await process.wait()
        # The transport closes its pipes in the loop's next round.
        await asyncio.sleep(0)

    async def do(self, verb: str, timeout: float, **order: Any) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": verb} | order).encode() + b"\n")
        try:
            async with asyncio.timeout(timeout):
                line = await process.stdout.readline()
        except TimeoutError:
            raise DriverFailed(f"{self.name} did not answer in {timeout:g} s") from None
        if not line:
            raise DriverFailed(f"{self.name} ended with exit code {await process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
