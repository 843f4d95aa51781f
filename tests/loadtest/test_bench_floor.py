import asyncio

from kolapp_loadtest.bench.floor import open_floor
from kolapp_loadtest.bench.worker import Worker
from kolapp_loadtest.network import Network
from redis.asyncio import Redis


async def test_the_floor_is_one_script_call_and_one_echo(store_url: str) -> None:
    async with (
        Worker("kolapp_loadtest.bench.echo") as echo,
        Network() as network,
        Redis.from_url(store_url) as store,
    ):
        before = await store.dbsize()
        url = await echo.call("url", 10.0)
        async with open_floor(network, store_url, url, frame_bytes=200, waiting=50) as floor:
            # At once, as it happens when the machine stalls for longer than the plan's pause.
            samples = await asyncio.gather(*(floor.sample() for _ in range(3)))
            assert await store.dbsize() > before
        assert all(script_ns > 0 and echo_ns > 0 for script_ns, echo_ns in samples)
        assert await store.dbsize() == before


async def test_the_line_of_the_floor_keeps_its_length(store_url: str) -> None:
    async with (
        Worker("kolapp_loadtest.bench.echo") as echo,
        Network() as network,
        Redis.from_url(store_url) as store,
    ):
        url = await echo.call("url", 10.0)
        async with open_floor(network, store_url, url, frame_bytes=200, waiting=3) as floor:
            for _ in range(7):
                await floor.sample()
            lines = [key async for key in store.scan_iter("bench:*:0")]
            assert [await store.zcard(line) for line in lines] == [3]
