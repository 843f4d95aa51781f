"""What media nodes have done shows in the metrics, whichever of them come and go."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from kolapp_media.client import MediaClient
from kolapp_media.node import MediaNode
from kolapp_media.settings import MediaSettings
from kolapp_signalling.media_figures import MediaFigures
from media_events import SECRET, Events
from media_peers import until
from prometheus_client import CollectorRegistry

CHROMIUM = (Path(__file__).parents[1] / "media" / "data" / "chromium.sdp").read_text()


class Nodes:
    """Media nodes with a control connection to each."""

    def __init__(self) -> None:
        self.clients: dict[str, MediaClient] = {}
        self.nodes: dict[str, MediaNode] = {}

    async def start(self, name: str) -> None:
        self.nodes[name] = node = MediaNode(MediaSettings(), SECRET)
        await node.start()
        self.clients[name] = await MediaClient.connect(node.address, SECRET, Events())

    async def stop(self, name: str) -> None:
        await self.clients.pop(name).close()
        await self.nodes.pop(name).close()

    async def junk(self, name: str, count: int) -> None:
        """Open a leg there and have a stranger throw so much at it."""
        answer = await self.clients[name].open_leg("v", 1, "patient", 1, CHROMIUM, forward=True)
        line = next(each for each in answer.splitlines() if each.startswith("a=candidate"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(count):
                stranger.sendto(b"\xff" * 20, ("127.0.0.1", int(line.split()[5])))
        node = self.nodes[name]
        await until(lambda: node.counters().dropped == count)


@pytest.fixture
async def nodes() -> Nodes:
    nodes = Nodes()
    yield nodes
    for name in list(nodes.nodes):
        await nodes.stop(name)


def dropped(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("kolapp_media_packets_total", {"what": "dropped"})


async def test_figures_of_all_nodes_are_added_up(nodes: Nodes) -> None:
    registry = CollectorRegistry()
    figures = MediaFigures(registry, lambda: nodes.clients)
    await nodes.start("one")
    await nodes.start("two")
    await figures.ask()
    assert dropped(registry) == 0

    await nodes.junk("one", 3)
    await nodes.junk("two", 4)
    await nodes.clients["two"].post("v", "patient", "clinician", b"word")
    await figures.ask()
    assert dropped(registry) == 7
    assert registry.get_sample_value("kolapp_media_words_total") == 1
    assert registry.get_sample_value("kolapp_media_legs") == 2
    assert registry.get_sample_value("kolapp_media_memory_bytes") > 10_000_000
    assert registry.get_sample_value("kolapp_media_cpu_seconds_total") > 0


async def test_a_node_that_goes_takes_nothing_back(nodes: Nodes) -> None:
    registry = CollectorRegistry()
    figures = MediaFigures(registry, lambda: nodes.clients)
    await nodes.start("one")
    await figures.ask()
    await nodes.junk("one", 3)
    await figures.ask()

    await nodes.nodes["one"].close()  # and the connection to it, before anybody noticed
    await figures.ask()
    await nodes.stop("one")
    await figures.ask()
    assert dropped(registry) == 3
    assert registry.get_sample_value("kolapp_media_legs") == 0

    await nodes.start("one")  # begins at nothing
    await nodes.junk("one", 2)
    await figures.ask()
    assert dropped(registry) == 3
