"""How each leg does is told every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.model import LegQuality
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import QuietPeer


class TestQuality:
    @pytest.fixture
    def settings(self) -> MediaSettings:
        return replace(MediaSettings(), quality_interval=0.1)

    async def test_both_legs_are_told(
        self, node: MediaNode, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        told: list[LegQuality] = []
        heard = asyncio.Event()

        def listen(quality: LegQuality) -> None:
            told.append(quality)
            heard.set()

        client = await MediaClient.connect(node.address, SECRET, Events(), on_quality=listen)
        for name in ("patient", "clinician"):
            peer = make_quiet_peer()
            await peer.accept(
                await client.open_leg("visit", 3, name, 2, await peer.offer(), forward=True)
            )
            await peer.connected()

        while {each.participant for each in told} != {"patient", "clinician"}:
            heard.clear()
            await heard.wait()

        first = told[0]
        assert (first.visit, first.media_epoch, first.generation) == ("visit", 3, 2)
        assert (first.up.loss, first.up.kbps, first.down.kbps) == (0.0, 0, 0)
        assert first.round_trip_ms > 0
        assert 0 <= first.silent_ms < 2_000
        await client.close()

    async def test_a_dialler_need_not_listen(
        self, node: MediaNode, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        peer = make_quiet_peer()
        await peer.accept(
            await client.open_leg("visit", 1, "patient", 1, await peer.offer(), forward=True)
        )
        await peer.connected()
        await node._tell_quality()

        assert (await client.stats()).legs == 1


class TestSilence:
    @pytest.fixture
    def settings(self) -> MediaSettings:
        return replace(
            MediaSettings(),
            quality_interval=3_600,
            silence=1.5,  # life is noted once a second
            consent_interval=0.05,
            consent_failures=1_000,
        )

    async def test_who_vanishes_is_told_at_once_and_who_is_back_too(
        self, node: MediaNode, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        told: asyncio.Queue[LegQuality] = asyncio.Queue()
        client = await MediaClient.connect(
            node.address, SECRET, Events(), on_quality=told.put_nowait
        )
        peers = {name: make_quiet_peer() for name in ("patient", "clinician")}
        for name, peer in peers.items():
            answer = await client.open_leg("v", 1, name, 1, await peer.offer(), forward=True)
            await peer.accept(answer)
            await peer.connected()

        agent = peers["patient"].transport.transport._connection
        for each in agent._protocols:
            each.datagram_received = lambda *_: None
        await self.silent(told, {"patient"})
        for each in agent._protocols:
            del each.datagram_received
        await self.silent(told, set())
        await client.close()

    async def silent(self, told: asyncio.Queue[LegQuality], wanted: set[str]) -> None:
        """Until the last word about each says that these are silent and the others are not."""
        silent: dict[str, bool] = {}
        async with asyncio.timeout(10):
            while silent != {name: name in wanted for name in ("patient", "clinician")}:
                word = await told.get()
                silent[word.participant] = word.silent_ms >= 1500
