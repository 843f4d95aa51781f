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
        await client.close()

    async def test_a_dialler_need_not_listen(
        self, node: MediaNode, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
    ) -> None:
        peer = make_quiet_peer()
        await peer.accept(
            await client.open_leg("visit", 1, "patient", 1, await peer.offer(), forward=True)
        )
        await peer.connected()
        node._tell_quality()

        assert (await client.stats()).legs == 1
