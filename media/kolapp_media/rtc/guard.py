"""A leg's UDP socket and the guard on it: which datagrams reach which parser.

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

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aioice import stun
from aioice.ice import StunProtocol

from .counters import Counters
from .faults import Faults
from .srtp import Workspace

if TYPE_CHECKING:
    from .ice import LegConnection

Address = tuple[str, int]
_SOCKET_BUFFER = 1024 * 1024
FAULTS = Faults()  # of the process: many legs may meet the same mistake
_EARLY_DATAGRAMS = 4  # a ClientHello in two parts, and once again


class MediaSocket(asyncio.DatagramTransport):
    """A bound UDP socket read straight into the node's workspace, one datagram a wake-up."""

    def __init__(self, host: str, workspace: Workspace) -> None:
        super().__init__()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
            self.socket.bind((host, 0))
        except OSError:
            self.socket.close()
            raise
        self._loop = asyncio.get_running_loop()
        self._receiving = workspace.receiving
        self._protocol: GuardedProtocol | None = None

    def attach(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)
        self._loop.add_reader(self.socket.fileno(), self._readable)

    def _readable(self) -> None:
        try:
            size, address = self.socket.recvfrom_into(self._receiving)
        except OSError:  # nothing there after all, or an ICMP error about an earlier packet
            return
        protocol = self._protocol
        if protocol is None:
            return
        try:
            protocol.received(size, address)
        except Exception as error:  # one datagram is lost, and no log is filled
            protocol.failed(error)

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send now or not at all: a packet that would have to wait is better lost."""
        with contextlib.suppress(OSError):
            self.socket.sendto(data, addr)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.socket.getsockname()[:2] if name == "sockname" else default

    def is_closing(self) -> bool:
        return self._protocol is None

    def close(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is None:
            return
        self._loop.remove_reader(self.socket.fileno())
        self.socket.close()
        self._loop.call_soon(protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


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

    def received(self, size: int, address: tuple[Any, ...]) -> None:
        """A datagram of `size` bytes lies at the start of the workspace."""
        if not size:
            self._counters.empty += 1
            return
        first = self._view[0]
        if len(address) > 2:  # IPv6 adds flow and scope
            address = address[:2]
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

    def _stun(self, data: bytes, address: tuple[Any, ...]) -> None:
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
