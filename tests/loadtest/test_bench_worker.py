import asyncio
import os
import signal
import sys

import pytest
from aiohttp import ClientSession
from kolapp_loadtest.bench.machine import CpuMeter, cpu_s, descendants, rss_mb
from kolapp_loadtest.bench.worker import Worker
from kolapp_loadtest.errors import BenchFailed

ECHO = "kolapp_loadtest.bench.echo"


async def test_a_worker_does_what_it_is_told_in_a_process_of_its_own() -> None:
    async with Worker(ECHO) as worker, ClientSession() as session:
        assert worker.pid in descendants(os.getpid())
        assert rss_mb(worker.pid) > 0.1  # it may not have loaded anything yet
        meter = CpuMeter({"echo": worker.pid})
        async with session.ws_connect(await worker.call("url", 10.0)) as socket:
            await socket.send_bytes(b"as it was")
            assert await socket.receive_bytes() == b"as it was"
        assert meter.used_s()["echo"] >= 0.0
        pid = worker.pid
    assert cpu_s(pid) == 0.0  # gone


async def test_a_failure_comes_back_in_its_own_words() -> None:
    async with Worker(ECHO) as worker:
        with pytest.raises(BenchFailed, match="echo: KeyError: 'sing'"):
            await worker.call("sing", 10.0)
        assert (await worker.call("url", 10.0)).startswith("http://127.0.0.1:")


async def test_a_worker_that_dies_fails_the_call() -> None:
    async with Worker(ECHO) as worker:
        await worker.call("url", 10.0)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(BenchFailed, match="the process echo ended"):
            await worker.call("url", 10.0)


PARENT = """
import asyncio
from kolapp_loadtest.bench.worker import Worker

async def main():
    async with Worker("kolapp_loadtest.bench.echo") as worker:
        await worker.call("url", 10.0)
        print(worker.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_worker_ends_when_its_parent_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(10):
        worker = os.pidfd_open(int(await parent.stdout.readline()))
        parent.kill()
        await parent.wait()
        await readable(worker)
    os.close(worker)


async def readable(descriptor: int) -> None:
    """A pidfd becomes readable when its process ends (pidfd_open(2))."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    await ended.wait()
    loop.remove_reader(descriptor)
