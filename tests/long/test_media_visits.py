"""A thousand visits come and go, each with two connected legs, and nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading

import aioice.ice
import pytest
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import QuietPeer

VISITS = 1_000
WARM = 50  # the first fill caches and pools that stay
MOST_BYTES = 20_000_000


async def visit(client: MediaClient, number: int) -> None:
    peers = [QuietPeer(), QuietPeer()]
    for peer, name in zip(peers, ("patient", "clinician"), strict=True):
        answer = await client.open_leg(str(number), 1, name, 1, await peer.offer(), forward=True)
        await peer.accept(answer)
    await asyncio.gather(*(peer.connected() for peer in peers))
    await client.close_visit(str(number))
    await asyncio.gather(*(peer.close() for peer in peers))


async def test_a_thousand_visits_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    node = MediaNode(MediaSettings(), SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    for number in range(WARM):
        await visit(client, number)
    gc.collect()
    before = await client.stats()
    sockets = len(os.listdir("/proc/self/fd"))
    for number in range(WARM, WARM + VISITS):
        await visit(client, number)
    gc.collect()
    after = await client.stats()

    grown = (after.rss_bytes - before.rss_bytes) / 1e6
    sys.stdout.write(f"\n{VISITS} visits: memory {grown:+.1f} MB\n")  # `make test-long ARGS=-s`
    assert (after.legs, after.visits) == (0, 0)
    assert after.rss_bytes - before.rss_bytes < MOST_BYTES
    assert after.tasks <= before.tasks
    assert len(os.listdir("/proc/self/fd")) <= sockets
    assert threading.active_count() == before.threads
    await client.close()
    await node.close()
