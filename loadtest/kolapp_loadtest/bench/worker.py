"""A process of its own that does what it is told: one JSON request a line, one reply each.

It ends when its standard input does, so nothing is left behind however the parent ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvloop

from ..errors import BenchFailed
from ..lifetime import Lifetime

LINE_LIMIT = 16 * 1024 * 1024  # a line of all samples of a long run
STOP_TIMEOUT_S = 10.0  # from the end of input to SIGKILL
Verb = Callable[..., Awaitable[Any]]


class Worker(Lifetime):
    """The parent's side: `async with Worker("kolapp_loadtest.bench.crowd") as crowd: ...`"""

    def __init__(
        self, module: str, *arguments: str, command: Sequence[str] = (), inside: bool = False
    ) -> None:
        """`command`: another program that speaks the same lines, instead of one of our modules.
        `inside`: it is a worker's own worker, and in its group of processes already; uvloop, on
        which workers run, could not make one."""
        self._group: dict[str, Any] = {} if inside else {"process_group": 0}
        self._command = command or (sys.executable, "-P", "-m", module, *arguments)
        self._name = module.rpartition(".")[2]
        self._process: Process | None = None
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count()
        self._listener: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=LINE_LIMIT, **self._group
        )
        self._listener = asyncio.create_task(self._listen(self._process), name=self._name)

    async def close(self) -> None:
        process, listener = self._process, self._listener
        if process is None or listener is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await listener

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("use `async with`")
        return self._process.pid

    async def call(self, verb: str, timeout: float, **arguments: Any) -> Any:
        """Raises BenchFailed with the worker's own words, or after `timeout` seconds."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        self._calls[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"number": number, "verb": verb, "arguments": arguments})
        try:
            async with asyncio.timeout(timeout):
                with contextlib.suppress(ConnectionError):  # it died: the listener says so
                    self._process.stdin.write(line.encode() + b"\n")
                    await self._process.stdin.drain()
                return await self._calls[number]
        except TimeoutError:
            raise BenchFailed(f"{self._name} did not finish `{verb}` in {timeout:g} s") from None
        finally:
            del self._calls[number]

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            reply = json.loads(line)
            call = self._calls.get(reply["number"])
            if call is None or call.done():
                continue
            if "failed" in reply:
                call.set_exception(BenchFailed(f"{self._name}: {reply['failed']}"))
            else:
                call.set_result(reply["result"])
        for call in self._calls.values():
            if not call.done():
                call.set_exception(BenchFailed(f"the process {self._name} ended"))


def run_worker(job: AbstractAsyncContextManager[Mapping[str, Verb]]) -> None:
    """The child's side: serve the verbs of `job` until standard input ends."""
    allow_many_sockets()
    uvloop.run(_serve(job))


def allow_many_sockets() -> None:
    """As many descriptors as the system lets us have: a shell's usual 1,024 are soon used up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(job: AbstractAsyncContextManager[Mapping[str, Verb]]) -> None:
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb", buffering=0)
    )
    async with job as verbs:
        tasks: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            task = asyncio.create_task(_do(verbs, json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _do(verbs: Mapping[str, Verb], request: dict[str, Any]) -> None:
    reply: dict[str, Any] = {"number": request["number"]}
    try:
        reply["result"] = await verbs[request["verb"]](**request["arguments"])
    except Exception as error:
        reply["failed"] = f"{type(error).__name__}: {error}"
    print(json.dumps(reply), flush=True)  # noqa: T201  # the way to the parent
