"""Every metric of a signalling node, with its help text. Labels are closed sets: never an id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kolapp_media.client import MediaClient
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from .media_figures import MediaFigures
from .messages import Error
from .parts import ClientMessage, LegInfo, ServerMessage
from .roles import PARTICIPANTS, Role
from .session_messages import Ping


class Metrics:
    """One registry a node, so that several nodes can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._count()
        self._gauge()
        self._measure_legs()

    def _count(self) -> None:
        registry = self._registry
        text = (
            "Requests of clients, pings left out, by type and outcome (done or the error's code)."
        )
        self.requests = Counter("kolapp_requests", text, ["type", "outcome"], registry=registry)
        text = "REST operations by name and outcome (done or the error's code)."
        labels = ["operation", "outcome"]
        self.operations = Counter("kolapp_operations", text, labels, registry=registry)
        text = "Greetings and REST requests with a token that is not valid."
        self.bad_tokens = Counter("kolapp_bad_tokens", text, registry=registry)
        text = "Webhooks by outcome: told, refused, old (not told any more), failed (tried again)."
        self.webhooks = Counter("kolapp_webhooks", text, ["outcome"], registry=registry)
        text = "Connections that this node closed, by close code."
        self.closes = Counter("kolapp_closes", text, ["code"], registry=registry)

    def _gauge(self) -> None:
        registry = self._registry
        text = "People with a connection to this node, by role."
        self._connections = Gauge("kolapp_connections", text, ["role"], registry=registry)
        text = "Media nodes that this node has a control connection to."
        self._media_nodes = Gauge("kolapp_media_nodes", text, registry=registry)
        text = "Visits that those media nodes can still take; at 0 new ones get no media."
        self._media_room = Gauge("kolapp_media_room", text, registry=registry)
        text = (
            "Tickets ever set aside because their record cannot be read, or because clinicians "
            "vanish at them: when it grows, somebody has to look. The same on all nodes."
        )
        self._set_aside = Gauge("kolapp_tickets_set_aside", text, registry=registry)

        text = "Nodes whose record in the store cannot be read: they are left out."
        self._unread_nodes = Gauge("kolapp_nodes_unread", text, registry=registry)

    def _measure_legs(self) -> None:
        self._round_trips = Histogram(
            "kolapp_leg_round_trip_seconds",
            "Round trips between browsers and media nodes, every few seconds of each leg of a "
            "visit that somebody on this node is in.",
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
            registry=self._registry,
        )
        self._losses = Histogram(
            "kolapp_leg_loss_ratio",
            "Part of the packets that was lost, of the same legs, by direction (up is from the "
            "browser to the media node).",
            ["direction"],
            buckets=(0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
            registry=self._registry,
        )
        self._jitters = Histogram(
            "kolapp_leg_jitter_seconds",
            "How unevenly packets arrived, of the same legs, by direction.",
            ["direction"],
            buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
            registry=self._registry,
        )
        self._bit_rates = Histogram(
            "kolapp_leg_bits_per_second",
            "Sound and picture together, of the same legs, by direction.",
            ["direction"],
            buckets=(50e3, 100e3, 200e3, 400e3, 800e3, 1.2e6, 1.6e6, 2.5e6, 5e6),
            registry=self._registry,
        )

    def leg(self, leg: LegInfo) -> None:
        self._round_trips.observe(leg.round_trip_ms / 1000)
        for direction, flow in (("up", leg.up), ("down", leg.down)):
            self._losses.labels(direction).observe(flow.loss)
            self._jitters.labels(direction).observe(flow.jitter_ms / 1000)
            self._bit_rates.labels(direction).observe(flow.kbps * 1000)

    def answered(self, request: ClientMessage, reply: ServerMessage) -> None:
        if isinstance(request, Ping):
            return
        outcome = reply.code if isinstance(reply, Error) else "done"
        self.requests.labels(str(request.__struct_config__.tag), str(outcome)).inc()

    def watch(
        self,
        people: Callable[[Role], int],
        media_nodes: Callable[[], int],
        media_room: Callable[[], int],
        set_aside: Callable[[], int],
    ) -> None:
        """Read these when somebody asks for the metrics."""
        for role in PARTICIPANTS:
            self._connections.labels(role.value).set_function(partial(people, role))
        self._media_nodes.set_function(media_nodes)
        self._media_room.set_function(media_room)
        self._set_aside.set_function(set_aside)

    def watch_media(self, clients: Callable[[], Mapping[str, MediaClient]]) -> MediaFigures:
        """To be run beside the node."""
        return MediaFigures(self._registry, clients)

    def watch_registry(self, unread_nodes: Callable[[], int]) -> None:
        self._unread_nodes.set_function(unread_nodes)

    def text(self) -> bytes:
        return generate_latest(self._registry)
