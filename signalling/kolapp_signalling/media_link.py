"""The media nodes as this node sees them: one control connection each, and which visit is where.

Nodes are found in the store's registry. A closed control socket, or a lease that stays lapsed,
is a dead node: its visits are shown as lost, and the next offer places them anew, fenced by the
media epoch.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from kolapp_media.client import MediaClient
from kolapp_media.errors import Draining, MediaError, NodeGone, TooManyLegs
from kolapp_media.model import LegChanged, Posted
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import Guest, NodeRecord, QueueRef, Visit, VisitId
from kolapp_queue.states import ONGOING
from kolapp_queue.store import QueueStore

from . import log
from .affinity import preferred
from .legs import Legs
from .qualities import Qualities
from .tasks import Tasks

_LOOKS_A_LEASE = 3  # looks at the registry in one lease; so many misses in a row are a lapse
PLACEMENTS = 4  # nodes tried for one offer
ROOM = "room "  # names that begin so are waiting rooms, and no visits
_DIALS = 16  # nodes dialled at a time; the others wait for one that answers or gives up
_HASTE_S = 0.1  # between looks for new nodes, for one lease after the start and after each loss


_GENERATIONS = 1_000_000  # of the legs of each guest


def generations(guest: Guest) -> int:
    """Those of this guest's legs begin behind it: each has their own, for the seat may be another
    one's next."""
    return guest.number * _GENERATIONS


class MediaLink:
    """`changed` is called with each visit whose legs are in another state now."""

    def __init__(
        self,
        store: QueueStore,
        secret: bytes,
        lease_ms: int,
        changed: Callable[[VisitId], None],
        tasks: Tasks,
    ) -> None:
        self._store = store
        self._secret = secret
        self._lease_s = lease_ms / 1000
        self._changed = changed
        self._tasks = tasks
        self._legs = Legs()
        self.qualities = Qualities()
        # Told by a media node about a waiting room's leg.
        self.on_room: Callable[[str, LegChanged], None] = lambda node, event: None
        # Told by a media node: what somebody said to others of a visit.
        self.on_posted: Callable[[Posted], None] = lambda posted: None
        self._clients: dict[str, MediaClient] = {}  # connected, by node
        self._records: dict[str, NodeRecord] = {}  # as last seen in the registry
        self._missed: Counter[str] = Counter()  # looks in a row that did not find the node
        self._placed: Counter[str] = Counter()  # visits put there since the last look
        self._dialling: set[str] = set()
        self._dials = asyncio.Semaphore(_DIALS)
        self._unusable: dict[str, str] = {}  # addresses that cannot be dialled, by node
        self._expected_until = 0.0  # in the loop's time: till then a node may come at any moment
        self._lost = asyncio.Event()

    @property
    def connected(self) -> int:
        return len(self._clients)

    @property
    def room(self) -> int:
        """Visits that the nodes can still take, as far as is known here."""
        return sum(max(0, self._room(each)) for each in self._known())

    # What participants ask

    def states(self, visit: Visit) -> Mapping[str, str]:
        """Of the legs of those who are in it now, by role."""
        return self._legs.states(visit.id, {g.seat: generations(g) for g in visit.guests})

    async def offer(
        self, visit: Visit, participant: str, generation: int, sdp: str, slots: Sequence[str]
    ) -> tuple[Visit, str]:
        """The answer to an offer, and the visit as it is placed now. `slots`: whom this participant
        is sent.

        Raises BadOffer, StaleLeg; TooManyLegs when all nodes are full; NodeGone when none is
        there; QueueError.
        """
        tried: set[str] = set()
        for _ in range(PLACEMENTS):
            visit = await self._place(visit, tried)
            tried.add(visit.media_node)
            client = self._clients.get(visit.media_node)
            if client is None:
                continue
            epoch, live = visit.media_epoch, visit.state in ONGOING
            try:
                answer = await client.open_leg(
                    visit.id, epoch, participant, generation, sdp, forward=live, slots=slots
                )
            except (NodeGone, Draining, TooManyLegs):
                continue
            self._legs.offered(visit.id, visit.media_node, epoch, participant, generation)
            return visit, answer
        raise NodeGone("no media node can take the visit now")

    # What those who bring legs that are there already need (`warm.py`)

    def clients(self) -> dict[str, MediaClient]:
        """Those connected now, by node."""
        return dict(self._clients)

    def client(self, node: str) -> MediaClient | None:
        return self._clients.get(node)

    async def placed_at(self, visit: Visit, node: str) -> Visit:
        """The visit on this node, unless another one that is there carries it. Raises
        QueueError."""
        here = visit.media_node in self._clients
        if here and self._legs.usable(visit.id, visit.media_epoch):
            return visit
        return await self._store.place_media(
            visit.ref, visit.id, visit.epoch, node, visit.media_epoch
        )

    def entered(self, visit: Visit, participant: str, generation: int) -> None:
        node, epoch = visit.media_node, visit.media_epoch
        self._legs.offered(visit.id, node, epoch, participant, generation)

    async def forward(self, visit: Visit) -> None:
        """The patient answered: let the legs that are there hear and see each other."""
        client = self._clients.get(visit.media_node)
        if client is not None:
            try:
                await client.forward(visit.id, visit.media_epoch)
            except MediaError:
                # No leg is there yet, or not any more: the next one is opened with `forward`.
                return

    def ended(self, visit: VisitId, node: str = "") -> None:
        """The visit is over: its legs go. Harmless for one that is not there."""
        client = self._clients.get(node or self._legs.node(visit))
        self._legs.forget(visit)
        if client is not None:
            self._tasks.start(self._close(client, visit))

    def expel(self, visit: Visit, seat: str) -> None:
        """Who had this seat is out: whatever leg is there goes, and the seat is free."""
        for node in {visit.media_node, self._legs.node(visit.id)} & self._clients.keys():
            self._tasks.start(self._expel(self._clients[node], visit.id, seat))

    async def _expel(self, client: MediaClient, visit: VisitId, seat: str) -> None:
        with contextlib.suppress(MediaError):  # the node is gone, and the leg with it
            await client.close_leg(visit, seat, 0, forget=True)

    async def _close(self, client: MediaClient, visit: VisitId) -> None:
        try:
            await client.close_visit(visit)
        except MediaError:
            return  # the node is gone, and the visit with it

    async def _place(self, visit: Visit, tried: AbstractSet[str]) -> Visit:
        """The visit on a node that is there: where it is, or placed anew. Not on those `tried`."""
        here = visit.media_node in self._clients and visit.media_node not in tried
        if here and self._legs.usable(visit.id, visit.media_epoch):
            return visit
        node = self.next_node(visit.ref, tried)
        self._placed[node] += 1
        return await self._store.place_media(
            visit.ref, visit.id, visit.epoch, node, visit.media_epoch
        )

    def nodes_for(self, visit: Visit) -> list[str]:
        """Those that may pass words of this visit on, the best first."""
        known = preferred(visit.ref, self._known())
        here = [visit.media_node] if visit.media_node in self._clients else []
        return here + [node for node in known if node != visit.media_node]

    def next_node(self, ref: QueueRef, tried: AbstractSet[str]) -> str:
        """The first node with room, in the order that the queue prefers. Raises TooManyLegs,
        NodeGone."""
        nodes = self._known()
        for node in preferred(ref, nodes):
            if node not in tried and self._room(self._records[node]) > 0:
                return node
        if not nodes:
            raise NodeGone("no media node is connected")
        raise TooManyLegs("every media node carries as many visits as it can")

    def _known(self) -> list[NodeRecord]:
        return [self._records[node] for node in self._clients if node in self._records]

    def _room(self, record: NodeRecord) -> int:
        return record.capacity - record.load - self._placed[record.id]

    # Keeping connections

    async def run(self) -> None:
        now = asyncio.get_running_loop().time
        self._expected_until = now() + self._lease_s
        count_at = now()
        while True:
            counted = now() >= count_at
            if counted:
                count_at = now() + self._lease_s / _LOOKS_A_LEASE
            with contextlib.suppress(StoreUnavailable):  # nodes and calls go on without it
                await self._look(counted)
            hasty = now() < self._expected_until
            pause = min(count_at - now(), _HASTE_S) if hasty else count_at - now()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._lost.wait()
            self._lost.clear()

    async def _look(self, counted: bool) -> None:
        """Dial who is new. `counted`: a look that says who is missing, at an even pace."""
        found = {node.id: node for node in await self._store.nodes("media")}
        if counted:
            self._placed.clear()
            for node in list(self._records):
                self._missed[node] = 0 if node in found else self._missed[node] + 1
                if self._missed[node] >= _LOOKS_A_LEASE:
                    await self._give_up(node)
        self._records.update(found)
        for node in found.keys() - self._clients.keys() - self._dialling:
            if self._unusable.get(node) != found[node].address:
                # Beside the looks: a host that has vanished keeps a dial waiting.
                self._dialling.add(node)
                self._tasks.start(self._dial(found[node]))

    async def _dial(self, node: NodeRecord) -> None:
        heard = partial(self._heard, node.id)
        try:
            async with self._dials:
                client = await MediaClient.connect(
                    node.address,
                    self._secret,
                    heard,
                    on_quality=self.qualities.heard,
                    on_posted=lambda posted: self.on_posted(posted),
                )
        except NodeGone:
            return  # the next look tries again, as long as the lease lasts
        except ValueError:
            self._unusable[node.id] = node.address  # until it announces another one
            log.event(logging.ERROR, "A media node announces no usable address.", node=node.id)
            return
        finally:
            self._dialling.discard(node.id)
        self._clients[node.id] = client
        self._legs.node_back(node.id)
        log.event(logging.INFO, "A media node is connected.", node=node.id)
        self._tasks.start(self._watch(node.id, client))

    async def _watch(self, node: str, client: MediaClient) -> None:
        try:
            await client.closed.wait()
        finally:
            await client.close()
        if self._clients.get(node) is client:
            del self._clients[node]
        log.event(logging.WARNING, "A media node is gone.", node=node)
        for visit in self._legs.node_lost(node):
            self._changed(VisitId(visit))
        self._expected_until = asyncio.get_running_loop().time() + self._lease_s
        self._lost.set()

    async def _give_up(self, node: str) -> None:
        """Its lease stays lapsed: frozen or cut off, which is as good as dead."""
        del self._records[node], self._missed[node]
        self._unusable.pop(node, None)
        if (client := self._clients.get(node)) is not None:
            await client.close()

    def _heard(self, node: str, event: LegChanged) -> None:
        if event.visit.startswith(ROOM):
            return self.on_room(node, event)
        news = self._legs.changed(
            event.visit, node, event.media_epoch, event.participant, event.generation, event.state
        )
        if news:
            self._changed(VisitId(event.visit))
