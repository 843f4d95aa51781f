"""A node as a whole: where it listens, how it drains and ends, what it never logs."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.errors import Draining, NodeGone
from kolapp_media.model import LegChanged
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from media_events import SECRET, Events
from media_peers import QuietPeer


async def test_a_unix_socket_is_its_owners_alone(tmp_path: Path, settings: MediaSettings) -> None:
    path = tmp_path / "media"
    node = MediaNode(settings, SECRET)
    await node.start(f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    client = await MediaClient.connect(node.address, SECRET, Events())

    assert (await client.stats()).legs == 0

    await client.close()
    await node.close()
    await node.close()
    assert not path.exists()


async def test_a_socket_left_by_a_killed_node_is_taken_over(
    tmp_path: Path, settings: MediaSettings
) -> None:
    path = tmp_path / "media"
    first, second = MediaNode(settings, SECRET), MediaNode(settings, SECRET)
    await first.start(f"unix:{path}")
    await second.start(f"unix:{path}")
    client = await MediaClient.connect(second.address, SECRET, Events())
    await client.close()
    await first.close()
    await second.close()


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_short_secret_is_refused(secret: bytes, settings: MediaSettings) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        MediaNode(settings, secret)


async def test_without_hosts_it_uses_what_the_host_has(
    make_quiet_peer: Callable[..., QuietPeer],
) -> None:
    node = MediaNode(replace(MediaSettings(), hosts=()), SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    answer = await client.open_leg(
        "visit", 1, "patient", 1, await make_quiet_peer().offer(), forward=False
    )

    assert "a=candidate" in answer
    await client.close()
    await node.close()


async def test_draining_lets_calls_end(
    node: MediaNode, client: MediaClient, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    patient, clinician = make_quiet_peer(), make_quiet_peer()
    await client.open_leg("old", 1, "patient", 1, await patient.offer(), forward=False)
    drained = asyncio.create_task(node.drain())
    await asyncio.sleep(0)

    with pytest.raises(Draining):
        await client.open_leg("new", 1, "patient", 1, await clinician.offer(), forward=False)
    await client.open_leg("old", 1, "clinician", 1, await clinician.offer(), forward=False)
    assert not drained.done()

    await client.close_visit("old")
    await drained


async def test_a_drain_ends_at_its_deadline(make_quiet_peer: Callable[..., QuietPeer]) -> None:
    node = MediaNode(replace(MediaSettings(), drain_timeout=0.01), SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    offer = await make_quiet_peer().offer()
    await client.open_leg("visit", 1, "patient", 1, offer, forward=False)

    await node.drain()

    assert node.stats().legs == 1
    await node.close()
    assert node.stats().legs == 0
    await client.closed.wait()
    await client.close()


async def test_a_node_that_ends_takes_its_legs_with_it(
    settings: MediaSettings, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    node = MediaNode(settings, SECRET)
    await node.start()
    client = await MediaClient.connect(node.address, SECRET, Events())
    peer = make_quiet_peer()
    answer = await client.open_leg("v", 1, "patient", 1, await peer.offer(), forward=True)
    await peer.accept(answer)
    await peer.connected()

    await node.close()

    await peer.until(lambda: peer.connection.connectionState == "closed")
    await client.closed.wait()
    with pytest.raises(NodeGone):
        await client.stats()
    await client.close()


async def test_no_description_and_no_address_in_any_log(
    client: MediaClient,
    events: Events,
    make_quiet_peer: Callable[..., QuietPeer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)  # as careless as a host's logging can be
    peer = make_quiet_peer()
    offer = await peer.offer()
    answer = await client.open_leg("visit", 1, "patient", 1, offer, forward=True)
    await peer.accept(answer)
    await events.wait_for("connected")
    await client.close_visit("visit")

    secrets = [
        line.split(":", 1)[1]
        for line in (offer + answer).splitlines()
        if line.startswith(("a=ice-ufrag", "a=ice-pwd", "a=fingerprint"))
    ]
    assert len(secrets) > 4
    assert not [each for each in secrets if each in caplog.text]
    assert "candidate" not in caplog.text
    assert "127.0.0.1" not in caplog.text


async def test_a_dialler_that_comes_later_is_told_which_legs_are_connected(
    node: MediaNode, client: MediaClient, events: Events, make_quiet_peer: Callable[..., QuietPeer]
) -> None:
    for participant in ("patient", "clinician"):
        peer = make_quiet_peer()
        offer = await peer.offer()
        await peer.accept(await client.open_leg("v", 3, participant, 2, offer, forward=True))
        await events.wait_for("connected", participant, 2)
    ended = make_quiet_peer()
    await ended.accept(
        await client.open_leg("w", 1, "patient", 1, await ended.offer(), forward=True)
    )
    await events.wait_for("connected", "patient", 1)
    await client.close_leg("w", "patient", 1)
    await client.open_leg("x", 1, "patient", 1, await make_quiet_peer().offer(), forward=True)

    heard = Events()
    late = await MediaClient.connect(node.address, SECRET, heard)
    await late.stats()  # whatever is told at first comes before this reply

    assert heard.seen == [
        LegChanged("v", 3, "patient", 2, "connected"),
        LegChanged("v", 3, "clinician", 2, "connected"),
    ]
    await late.close()
