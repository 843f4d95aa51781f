"""The guard on a leg's sockets: which datagrams reach which parser.

The libraries take any datagram from anybody: one empty or malformed one ends a call. Here
(RFC 7983 tells the kinds apart by the first byte):

  nothing at all        dropped
  STUN                  parsed; what does not parse or authenticate is dropped, not answered
  DTLS, RTP, RTCP       only from an address that has answered one of our checks; not merely the
                        nominated one, since Safari sends from two or three valid ones
  anything else         dropped

Drops are counted, never logged: a line per packet would be the next attack. What fails by a
mistake of ours is counted too, and told in one line a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aioice import stun
from aioice.ice import StunProtocol

from .counters import Counters
from .faults import Faults
from .sockets import Address
from .srtp import Workspace

if TYPE_CHECKING:
    from .ice import LegConnection

FAULTS = Faults()  # of the process: many legs may meet the same mistake
_EARLY_DATAGRAMS = 4  # a ClientHello in two parts, and once again


class GuardedProtocol(StunProtocol):
    """One local address of a leg: takes each datagram to the one parser it is for."""

    receiver: LegConnection

    def __init__(self, receiver: LegConnection, workspace: Workspace, counters: Counters) -> None:
        super().__init__(receiver)
        self.proved: set[Address] = set()
        self.on_media: Callable[[int], None] | None = None
        self._early: list[tuple[Address, bytes]] = []
        self._view = workspace.view
        self._counters = counters

    def received(self, size: int, address: Address) -> None:
        """A datagram of `size` bytes lies at the start of the workspace. Media of a connected
        leg comes past this (see `sockets.PeerSocket`); everything else comes here."""
        if not size:
            self._counters.empty += 1
            return
        first = self._view[0]
        if first < 4:
            self._stun(bytes(self._view[:size]), address)
        elif address not in self.proved:
            self._from_stranger(first, size, address)
        elif 127 < first < 192:
            if self.on_media is not None:
                self.on_media(size)
        elif 19 < first < 64:
            self.receiver.data_received(bytes(self._view[:size]), 1)
        else:
            self._counters.strange += 1

    def flooded(self) -> None:
        """Strangers send faster than we look."""
        self._counters.floods += 1

    def failed(self, error: Exception) -> None:
        """A datagram met a mistake of ours."""
        self._counters.failed += 1
        FAULTS.tell(error, time.monotonic())

    def _from_stranger(self, first: int, size: int, address: Address) -> None:
        """Keep a handshake's first flight that overtook the answer to our check; drop the rest.

        A browser starts DTLS as soon as its own check is answered, often before it has answered
        ours. Without this its first flight is lost and it waits 50 ms or more to repeat it.
        """
        if (
            19 < first < 64
            and len(self._early) < _EARLY_DATAGRAMS
            and self.receiver.is_checking(self, address)
        ):
            self._early.append((address, bytes(self._view[:size])))
        else:
            self._counters.foreign += 1

    def prove(self, address: Address) -> None:
        """This address answered a check of ours with our password's key."""
        self.proved.add(address)
        kept, self._early = self._early, []
        for sender, data in kept:
            if sender == address:
                self.receiver.data_received(data, 1)
            else:
                self._early.append((sender, data))

    def _stun(self, data: bytes, address: Address) -> None:
        try:
            message = stun.parse_message(data)
            if message.message_class == stun.Class.REQUEST:
                self.receiver.request_received(message, address, self)
            elif message.message_class != stun.Class.INDICATION:
                transaction = self.transactions.get(message.transaction_id)
                if transaction is not None:
                    transaction.response_received(message, address)
        except Exception:  # whatever the parser stumbles over: struct.error, KeyError, ...
            self._counters.stun += 1
