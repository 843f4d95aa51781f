"""Legs of people who have no visit yet: at which media node each is, and how they come into one.

A person has one room, named after them, so that every signalling node speaks of the same one: a
leg outlives the node that its offer went through. Which media node has it, that node tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from kolapp_media.client import MediaClient
from kolapp_media.errors import Draining, MediaError, NodeGone, NoSuchLeg, TooManyLegs
from kolapp_media.model import LegChanged
from kolapp_queue.model import QueueRef, Visit
from kolapp_queue.states import VisitState

from .media_link import PLACEMENTS, ROOM, MediaLink
from .session import Person
from .tasks import Tasks

MOST_ROOMS = 8_192  # remembered; the ones heard of longest ago are forgotten


class Rooms:
    """By name, the media node where its leg is connected. Pure."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[str, int]] = {}  # and the generation

    def node(self, room: str) -> str:
        return self._nodes.get(room, ("", 0))[0]

    def heard(self, node: str, event: LegChanged) -> None:
        known = self._nodes.pop(event.visit, None)
        if event.state == "connected":
            self._nodes[event.visit] = (node, event.generation)
        elif known is not None and known != (node, event.generation):
            self._nodes[event.visit] = known  # about an older leg
        if len(self._nodes) > MOST_ROOMS:
            del self._nodes[next(iter(self._nodes))]


class Warm:
    def __init__(self, link: MediaLink, tasks: Tasks) -> None:
        self._link = link
        self._tasks = tasks
        self._rooms = Rooms()
        link.on_room = self._rooms.heard

    def is_ready(self, person: Person) -> bool:
        return self._link.client(self._rooms.node(room_of(person))) is not None

    async def prepare(self, ref: QueueRef, person: Person, generation: int, sdp: str) -> str:
        """The answer to the offer, of the node that the queue prefers.

        Raises BadOffer, StaleLeg; TooManyLegs when all nodes are full; NodeGone when none is there.
        """
        tried: set[str] = set()
        for _ in range(PLACEMENTS):
            node = self._link.next_node(ref, tried)
            tried.add(node)
            client = self._link.client(node)
            if client is None:
                continue
            try:
                return await client.warm_leg(room_of(person), person.role.value, generation, sdp)
            except (NodeGone, Draining, TooManyLegs):
                continue
        raise NodeGone("no media node can take the leg now")

    async def echo(self, person: Person, *, on: bool) -> None:
        """Raises NoSuchLeg, NodeGone."""
        room = room_of(person)
        client = self._link.client(self._rooms.node(room))
        if client is None:
            raise NoSuchLeg("nobody is prepared")
        await client.echo(room, on=on)

    async def enter(
        self, visit: Visit, person: Person, generation: int, slots: Sequence[str]
    ) -> Visit:
        """Move the leg into the visit, which is placed where the leg is if it was nowhere.

        Raises NoSuchLeg when there is none or the visit is elsewhere; StaleLeg, NodeGone,
        QueueError.
        """
        room, role = room_of(person), person.role.value
        node = self._rooms.node(room)
        client = self._link.client(node)
        if client is None:
            raise NoSuchLeg("nobody is prepared")
        visit = await self._link.placed_at(visit, node)
        if visit.media_node != node:
            raise NoSuchLeg("the visit is at another media node")
        await client.take_leg(
            room,
            visit.id,
            visit.media_epoch,
            role,
            generation,
            forward=visit.state == VisitState.LIVE,
            slots=slots,
        )
        self._link.entered(visit, role, generation)
        return visit

    def leave(self, person: Person) -> None:
        """This person waits no longer; harmless for who never did."""
        room = room_of(person)
        client = self._link.client(self._rooms.node(room))
        if client is not None:
            self._tasks.start(_close(client, room))


async def _close(client: MediaClient, room: str) -> None:
    with contextlib.suppress(MediaError):  # the node is gone, and the leg with it
        await client.close_visit(room)


def room_of(person: Person) -> str:
    return f"{ROOM}{person.provider} {person.role.value} {person.key}"
