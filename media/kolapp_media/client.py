"""A dialler's side of the control socket. Loads neither aiortc nor PyAV.

client = await MediaClient.connect(address, secret, on_event)
answer = await client.open_leg("visit", 1, "patient", 1, offer, forward=False)
await client.closed.wait()     # the node died, or somebody closed the client
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .control_link import ControlLink, Reply
from .errors import MediaError, error_for
from .model import (
    CloseLeg,
    CloseVisit,
    Done,
    Echo,
    Forward,
    NodeStats,
    Opened,
    OpenLeg,
    Post,
    Refused,
    Stats,
    TakeLeg,
)

_ReplyT = TypeVar("_ReplyT", bound=Opened | Done | NodeStats)


class MediaClient(ControlLink):
    """One connection to one node. Every request is idempotent: after `NodeGone` ask again,
    on a new connection or another node."""

    async def open_leg(
        self,
        visit: str,
        media_epoch: int,
        participant: str,
        generation: int,
        sdp: str,
        *,
        forward: bool,
        slots: Sequence[str] = (),
    ) -> str:
        """The answer to a participant's offer; `slots` says whom they are sent, see `OpenLeg`.
        Raises BadOffer, StaleLeg, TooManyOffers, TooManyLegs, Draining, NodeGone."""
        where = visit, media_epoch, participant, generation
        request = OpenLeg(next(self._ids), *where, sdp, forward, slots=tuple(slots))
        return _expect(await self._ask(request), Opened).sdp

    async def warm_leg(self, room: str, participant: str, generation: int, sdp: str) -> str:
        """The answer to the offer of somebody who has no visit yet. Raises as `open_leg`."""
        reply = await self._ask(
            OpenLeg(next(self._ids), room, 0, participant, generation, sdp, False, warm=True)
        )
        return _expect(reply, Opened).sdp

    async def take_leg(
        self,
        room: str,
        visit: str,
        media_epoch: int,
        participant: str,
        generation: int,
        *,
        forward: bool,
        slots: Sequence[str] = (),
    ) -> None:
        """Move a warm leg into the visit. Raises NoSuchLeg, StaleLeg, TooManyLegs, Draining,
        NodeGone."""
        where = visit, media_epoch, participant, generation
        request = TakeLeg(next(self._ids), room, *where, forward, tuple(slots))
        _expect(await self._ask(request), Done)

    async def echo(self, room: str, *, on: bool) -> None:
        """Send who waits there their own sound and picture. Raises NoSuchLeg, NodeGone."""
        _expect(await self._ask(Echo(next(self._ids), room, on)), Done)

    async def forward(self, visit: str, media_epoch: int) -> None:
        """Let the visit's legs hear and see each other. Raises StaleLeg, NoSuchVisit, NodeGone."""
        _expect(await self._ask(Forward(next(self._ids), visit, media_epoch)), Done)

    async def close_leg(
        self, visit: str, participant: str, generation: int, *, forget: bool = False
    ) -> None:
        """Close a leg. `forget`: whichever it is, and the place is free for somebody else."""
        request = CloseLeg(next(self._ids), visit, participant, generation, forget)
        _expect(await self._ask(request), Done)

    async def close_visit(self, visit: str) -> None:
        """End the visit on this node; one that is not here is fine."""
        _expect(await self._ask(CloseVisit(next(self._ids), visit)), Done)

    async def post(self, visit: str, sender: str, to: str, payload: bytes) -> None:
        """Have every dialler told. Raises BadRequest for what is too long, NodeGone."""
        _expect(await self._ask(Post(next(self._ids), visit, sender, to, payload)), Done)

    async def stats(self) -> NodeStats:
        return _expect(await self._ask(Stats(next(self._ids))), NodeStats)


def _expect(reply: Reply, kind: type[_ReplyT]) -> _ReplyT:
    if isinstance(reply, kind):
        return reply
    if isinstance(reply, Refused):
        raise error_for(reply.code, reply.message)
    raise MediaError("the media node answered something else than was asked")
