from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from kolapp_queue import append_only
from kolapp_queue.append_only import NotRewritten, files, rewrite, traces, until_old_files_are_gone
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.link import Link
from store_servers import embedded_store

CANARY = b"19121212-1212"
WAIT_S = 20.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with embedded_store(tmp_path) as server:
        yield server


@pytest.fixture
async def link(server: EmbeddedStore) -> AsyncIterator[Link]:
    link = Link(server.url, 2_000)
    yield link
    await link.close()


async def test_what_is_deleted_leaves_the_disk_with_a_rewriting(link: Link, tmp_path: Path) -> None:
    """Of every kind of value, also a part of one; what stays is still there."""
    await link.do(lambda r: r.set("text", CANARY))
    await link.do(lambda r: r.hset("hash", mapping={"a": CANARY, "b": "kept"}))
    await link.do(lambda r: r.zadd("zset", {CANARY: 1, b"kept": 2}))
    entry = await link.do(lambda r: r.xadd("stream", {"e": CANARY}))
    await link.do(lambda r: r.xadd("stream", {"e": "kept"}))
    assert list(traces(tmp_path, [CANARY])) == files(tmp_path)[-1:]
    await link.do(lambda r: r.delete("text"))
    await link.do(lambda r: r.hdel("hash", "a"))
    await link.do(lambda r: r.zrem("zset", CANARY))
    await link.do(lambda r: r.xdel("stream", entry))
    assert list(traces(tmp_path, [CANARY])) != []
    await rewrite(link, WAIT_S)
    await until_old_files_are_gone(tmp_path, WAIT_S)
    assert list(traces(tmp_path, [CANARY])) == []
    assert list(traces(tmp_path, [b"kept"])) != []


async def test_a_rewriting_keeps_what_the_stream_counts(link: Link, server: EmbeddedStore) -> None:
    """The audit's cursor rests on it."""
    for _ in range(3):
        await link.do(lambda r: r.xadd("stream", {"e": "x"}))
    await link.do(lambda r: r.xtrim("stream", maxlen=1, approximate=False))
    before = await link.do(lambda r: r.xinfo_stream("stream"))
    await rewrite(link, WAIT_S)
    server.stop()
    server.start()
    server.wait_ready(WAIT_S)
    after = await link.do(lambda r: r.xinfo_stream("stream"))
    for name in ("entries-added", "last-generated-id", "length"):
        assert after[name] == before[name]
    assert before["entries-added"] == 3


async def test_a_rewriting_that_runs_already_is_not_enough(link: Link, tmp_path: Path) -> None:
    await link.do(lambda r: r.mset({f"k{number}": CANARY for number in range(2_000)}))
    await link.do(lambda r: r.bgrewriteaof())
    await link.do(lambda r: r.flushdb())
    await rewrite(link, WAIT_S)
    await until_old_files_are_gone(tmp_path, WAIT_S)
    assert list(traces(tmp_path, [CANARY])) == []


async def test_a_rewriting_that_does_not_end_is_told(link: Link) -> None:
    with pytest.raises(NotRewritten, match="within 0 s"):
        await rewrite(link, 0)


def test_a_trace_is_found_across_the_pieces_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_only, "_CHUNK", 8)
    for at in range(20):
        (tmp_path / "file").write_bytes(b"." * at + CANARY + b"." * 9)
        assert list(traces(tmp_path, [b"nothing", CANARY])) == [tmp_path / "file"]
    assert list(traces(tmp_path, [b"nothing"])) == []
