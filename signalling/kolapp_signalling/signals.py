"""Words between the clients of one visit, from whichever node they are said at to all nodes.

They go over a media node, which every signalling node is connected to: SDP never enters the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

import msgspec
from kolapp_media.errors import NodeGone
from kolapp_media.model import Posted
from kolapp_queue.model import ClinicianKey, TicketId, Visit, VisitId

from . import log
from .audience import Audience
from .codes import ErrorCode
from .gate import Refused
from .media_link import PLACEMENTS, MediaLink
from .signal_messages import AnyWord, Signal, Signalled, SignalNow
from .signal_rules import passed_on

ALL = "all"
BURST = 256 * 1024  # bytes that one participant may say at once
RATE = 8 * 1024  # and after that, in a second
MOST_SENDERS = 4_096  # remembered; who said something longest ago is forgotten


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A word, and whose it is, so that no node has to look for its people."""

    provider: str
    ticket: TicketId
    clinician: ClinicianKey
    data: AnyWord


_encode = msgspec.msgpack.Encoder().encode
_envelopes = msgspec.msgpack.Decoder(_Envelope)


class Allowance:
    """How much each participant may still say. Pure: the time, in seconds, is an argument."""

    def __init__(self, burst: int = BURST, rate: int = RATE) -> None:
        self._burst = burst
        self._rate = rate
        self._spent: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # and when

    def spend(self, who: tuple[str, str], size: int, now: float) -> bool:
        """False: it would be too much, and nothing was spent."""
        before, at = self._spent.pop(who, (0.0, now))
        spent = max(0.0, before - (now - at) * self._rate)
        fits = spent + size <= self._burst
        self._spent[who] = (spent + size if fits else spent, now)
        if len(self._spent) > MOST_SENDERS:
            self._spent.popitem(last=False)
        return fits


class Signals:
    def __init__(self, link: MediaLink, audience: Audience) -> None:
        self._link = link
        self._audience = audience
        self._allowance = Allowance()
        link.on_posted = self.heard

    async def signal(self, request: Signal, visit: Visit, sender: str) -> Signalled:
        """`visit` was read for this request. Raises as `passed_on`; NodeGone when no media node is
        there."""
        data = passed_on(request, visit, sender)
        if data is None:
            return Signalled(visit=visit.id)
        ref = visit.ref
        payload = _encode(_Envelope(ref.provider, visit.ticket, visit.clinician, data))
        now = asyncio.get_running_loop().time()
        if not self._allowance.spend((visit.id, sender), len(payload), now):
            raise Refused(ErrorCode.TOO_MANY_SIGNALS)
        for node in self._link.nodes_for(visit)[:PLACEMENTS]:
            client = self._link.client(node)
            try:
                if client is not None:
                    await client.post(visit.id, sender, request.to, payload)
                    return Signalled(visit=visit.id)
            except NodeGone:
                continue
        raise NodeGone("no media node is connected")

    def heard(self, posted: Posted) -> None:
        """A media node tells: give it to those of the visit who are connected here."""
        try:
            envelope = _envelopes.decode(posted.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # of a newer node, perhaps
            log.event(logging.WARNING, "A word between participants cannot be read.")
            return
        word = SignalNow(visit=posted.visit, sender=posted.sender, data=envelope.data)
        outlets = self._audience.participants(
            envelope.provider, VisitId(posted.visit), envelope.ticket, envelope.clinician
        )
        for seat, outlet in outlets.items():
            if seat != posted.sender and posted.to in (seat, ALL):
                outlet("signal", word)
