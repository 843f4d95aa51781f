from __future__ import annotations

from datetime import UTC, datetime

from kolapp_queue.cluster import is_cluster
from kolapp_queue.leftovers import Server, read, servers
from kolapp_queue.store import QueueStore

INFO = {
    "aof_enabled": 1,
    "rdb_saves": 2,
    "rdb_last_save_time": 1_800_000_000,
    "connected_slaves": 2,
    "slave0": {"ip": "10.0.0.7", "port": 6379, "state": "online"},
    "slave1": {"ip": "10.0.0.8", "port": 6380, "state": "wait_bgsave"},
}


def test_files_and_replicas_are_listed_one_by_one() -> None:
    server = read("10.0.0.6:6379", INFO)
    assert server.saved == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert server.left() == [
        "10.0.0.6:6379: its append-only file; have it rewritten (BGREWRITEAOF).",
        "10.0.0.6:6379: its snapshot of 2027-01-15 08:00 UTC; have a new one written (BGSAVE).",
        "10.0.0.6:6379: its replica 10.0.0.7:6379; the same for its files.",
        "10.0.0.6:6379: its replica 10.0.0.8:6380; the same for its files.",
    ]


def test_a_server_without_any_of_it_keeps_nothing() -> None:
    # The time is that of the start where no snapshot was ever written.
    assert read("a", {"rdb_last_save_time": 1}) == Server("a", False, None, ())
    assert read("a", {}).left() == []


async def test_every_server_of_a_store_is_asked(store: QueueStore, store_url: str) -> None:
    found = await servers(store._link)
    assert found is not None
    assert all(server.append_only for server in found)
    assert len({server.name for server in found}) == len(found)
    each = 1 if is_cluster(store_url) else 0
    assert [len(server.replicas) for server in found] == [each] * (3 if each else 1)
