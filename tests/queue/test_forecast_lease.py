from __future__ import annotations

from kolapp_queue.eta.published import Published
from kolapp_queue.feed import Feed
from kolapp_queue.forecast_lease import ForecastLease, read_forecast
from kolapp_queue.model import Hint, QueueRef
from kolapp_queue.settings import QueueSettings
from kolapp_queue.store import QueueStore


async def test_one_node_computes_at_a_time(store: QueueStore, ref: QueueRef) -> None:
    link = store._link
    first, second = (ForecastLease(link, ref, name, 60_000) for name in ("first", "second"))
    assert await first.hold()
    assert await first.hold()
    assert not await second.hold()
    await second.release()  # not theirs to give
    assert await first.publish(Published(5, 3))
    assert await first.remember(b"\xff\x00learned")
    assert not await second.publish(Published(6, 4))
    assert not await second.remember(b"other")
    await first.release()
    assert not await first.publish(Published(7, 4))
    assert await second.hold()
    assert await second.left() == (Published(5, 3), b"\xff\x00learned")


async def test_a_lease_that_ended_is_free(store: QueueStore, ref: QueueRef) -> None:
    short, other = (ForecastLease(store._link, ref, *one) for one in (("a", 0), ("b", 60_000)))
    assert await short.hold()
    assert not await short.publish(Published(5))
    assert await other.hold()
    assert not await short.hold()
    assert await read_forecast(store._link, ref) is None


async def test_what_is_published_is_hinted(
    store: QueueStore, store_url: str, ref: QueueRef
) -> None:
    feed = await Feed.open(store_url, QueueSettings())
    try:
        await feed.subscribe(ref)
        await anext(feed)  # the subscription has begun
        lease = ForecastLease(store._link, ref, "one", 60_000)
        assert await lease.hold()
        assert await lease.publish(Published(5, 3))
        assert await anext(feed) == Hint(ref, 3, None, None, None, forecast=True)
    finally:
        await feed.close()


async def test_another_version_is_none(store: QueueStore, ref: QueueRef) -> None:
    assert Published.unpack(b"\xc1") is None
    assert Published.unpack(b"\x80") is None
