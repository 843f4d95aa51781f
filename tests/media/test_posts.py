"""Words of participants, passed on between diallers and never looked into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kolapp_media import control
from kolapp_media.client import MediaClient
from kolapp_media.errors import BadRequest
from kolapp_media.model import POST_LIMIT, Posted
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import until

Heard = list[Posted]


@pytest.fixture
async def diallers(node: MediaNode) -> AsyncIterator[list[tuple[MediaClient, Heard]]]:
    """Two, with what each was told."""
    both: list[tuple[MediaClient, Heard]] = []
    for _ in range(2):
        heard: Heard = []
        client = await MediaClient.connect(node.address, SECRET, Events(), on_posted=heard.append)
        both.append((client, heard))
    yield both
    for client, _ in both:
        await client.close()


async def test_every_dialler_is_told_in_order(
    node: MediaNode, diallers: list[tuple[MediaClient, Heard]]
) -> None:
    (one, _), (other, _) = diallers
    said = [Posted("visit", "patient", "clinician", bytes([n])) for n in range(20)]
    await asyncio.gather(*(one.post(w.visit, w.sender, w.to, w.payload) for w in said))
    for _, heard in diallers:
        await until(lambda heard=heard: len(heard) == 20)  # type: ignore[misc]  # bound now
        assert heard == said
    stats = await other.stats()
    assert (stats.posted, stats.visits, stats.legs) == (20, 0, 0)


async def test_a_word_has_a_size(
    node: MediaNode, diallers: list[tuple[MediaClient, Heard]]
) -> None:
    (one, heard), _ = diallers
    with pytest.raises(BadRequest):
        await one.post("visit", "patient", "all", bytes(POST_LIMIT + 1))
    await one.post("visit", "patient", "all", bytes(POST_LIMIT))
    await until(lambda: bool(heard))
    assert [len(word.payload) for word in heard] == [POST_LIMIT]


async def test_who_reads_too_slowly_misses_words_and_stays(settings: MediaSettings) -> None:
    node = MediaNode(settings, SECRET)
    await node.start("127.0.0.1:0")
    where = control.Address.parse(node.address)
    # Proves itself, and then reads nothing.
    reader, writer = await asyncio.open_connection(where.host, where.port, limit=1_024)
    greeting = await reader.readexactly(4 + len(control.GREETING) + control.NONCE)
    nonce = control.read_greeting(greeting[4:])
    handshake = control.Handshake(SECRET, nonce, bytes(control.NONCE))
    proof = handshake.proof(control.DIALLER)
    writer.write(control.frame(handshake.dialler_nonce + proof))
    await until(lambda: len(node._diallers) == 1)
    client = await MediaClient.connect(node.address, SECRET, Events())
    for _ in range(4 * settings.control_backlog // POST_LIMIT):
        await client.post("visit", "patient", "all", bytes(POST_LIMIT))
    assert len(node._diallers) == 2, "nobody was closed for it"
    writer.transport.abort()
    await client.close()
    await node.close()
