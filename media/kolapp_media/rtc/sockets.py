"""A leg's UDP sockets, and the one epoll through which all of a node's are read.

A leg has two sockets on each port. The *bound* one hears everybody: checks, handshakes,
strangers. Once ICE has chosen an address, a *connected* twin on the same port hears that address
alone: the kernel prefers it, so that a packet needs no address built or compared, and what
strangers send fills another socket's buffer. When ICE chooses anew, the twin is made anew.

Refused: a reader of the event loop for each socket (a handle and a turn of the loop a packet),
and `recvmmsg` (measured: no faster from Python).
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .ports import Ports
from .pulse import Pulse
from .srtp import Workspace

if TYPE_CHECKING:
    from .guard import GuardedProtocol

Address = tuple[str, int]
# Of a socket, in bytes: half a second of a call. More would only be older when it is read: a
# node that falls behind has to lose packets, or voices arrive seconds late.
_BUFFER = 128 * 1024
_AT_ONCE = 64  # sockets looked at in one round; each gives one datagram
_ROUNDS = 4  # in one turn of the event loop: some 4 ms, then timers and control go first
_WINDOW = 0.05  # seconds in which a bound socket may bring `_STRANGE` datagrams
_STRANGE = 50


class Poller:
    """Reads whatever is ready, a datagram of each socket in turn, and no more than a share.

    Holds a descriptor only while there are sockets. For Linux: other systems have no epoll.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[], None]] = {}
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self.read)
        self._epoll.register(descriptor, select.EPOLLIN)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Before the socket is closed; one that is not watched is fine."""
        if self._handlers.pop(descriptor, None) is None or self._epoll is None:
            return
        self._epoll.unregister(descriptor)
        if not self._handlers:
            epoll, self._epoll = self._epoll, None
            if self._loop is not None:
                self._loop.remove_reader(epoll.fileno())
            epoll.close()

    def read(self) -> None:
        for _ in range(_ROUNDS):
            epoll = self._epoll
            if epoll is None:
                return
            ready = epoll.poll(0, _AT_ONCE)
            handlers = self._handlers
            for descriptor, _ in ready:
                handler = handlers.get(descriptor)  # a datagram may close another leg's socket
                if handler is not None:
                    handler()
            if len(ready) < _AT_ONCE and not ready:
                return


class Engine:
    """What all legs of a node share. One event loop's, and no thread's."""

    def __init__(self, ports: Ports | None = None) -> None:
        self.ports = ports if ports is not None else Ports()
        self.workspace = Workspace()
        self.poller = Poller()
        self.pulse = Pulse()


class MediaSocket(asyncio.DatagramTransport):
    """The bound socket: hears everybody, and is left alone for a moment when flooded."""

    def __init__(self, host: str, engine: Engine) -> None:
        super().__init__()
        self.socket = _open(host)
        try:
            engine.ports.bind(self.socket, host)
        except OSError:
            self.socket.close()
            raise
        self._engine = engine
        self._receiving = engine.workspace.receiving
        self._loop = asyncio.get_running_loop()
        self._protocol: GuardedProtocol | None = None
        self._window = 0.0
        self._left = _STRANGE

    def attach(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)
        self._engine.poller.watch(self.socket.fileno(), self._readable)

    def _readable(self) -> None:
        try:
            size, address = self.socket.recvfrom_into(self._receiving)
        except OSError:  # nothing there after all, or an ICMP error about an earlier packet
            return
        self._left -= 1
        if self._left < 0:
            self._look_at_the_clock()
        self._take(size, address)

    def _take(self, size: int, address: tuple[Any, ...]) -> None:
        protocol = self._protocol
        if protocol is None:
            return
        try:
            # IPv6 adds flow and scope
            protocol.received(size, address if len(address) == 2 else address[:2])
        except Exception as error:  # one datagram is lost, and no log is filled
            protocol.failed(error)

    def _look_at_the_clock(self) -> None:
        """So many datagrams, so fast? Then do not even look for a while: the kernel drops a flood
        at the full buffer, which costs this process nothing."""
        now = time.monotonic()
        calm = now - self._window >= _WINDOW
        self._window, self._left = now, _STRANGE
        if not calm:
            self._engine.poller.forget(self.socket.fileno())
            self._loop.call_later(_WINDOW, self._resume)
            if self._protocol is not None:
                self._protocol.flooded()

    def _resume(self) -> None:
        if self._protocol is not None:
            self._engine.poller.watch(self.socket.fileno(), self._readable)

    def connected_twin(self, address: Address) -> PeerSocket:
        """Raises OSError where the system does not allow two sockets on one port."""
        assert self._protocol is not None
        twin = PeerSocket(self.socket, address, self._engine, self._protocol)
        twin.start(self._take)
        return twin

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
        self._engine.poller.forget(self.socket.fileno())
        self.socket.close()
        self._loop.call_soon(protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class PeerSocket:
    """The connected twin: `send` is the way out, and what comes is from `address` alone."""

    __slots__ = (
        "_engine",
        "_here",
        "_protocol",
        "_receiving",
        "_recv_into",
        "_socket",
        "address",
        "send",
    )

    def __init__(
        self, bound: socket.socket, address: Address, engine: Engine, protocol: GuardedProtocol
    ) -> None:
        self._here = here = bound.getsockname()
        self.address = address
        self._engine = engine
        self._receiving = engine.workspace.receiving
        self._protocol = protocol
        self._socket = _open(here[0])
        try:
            # Only for this moment: later nobody else may take a share of the port.
            with _shared(bound), _shared(self._socket):
                self._socket.bind(here)
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._recv_into = self._socket.recv_into
        self.send: Callable[[Any], object] = self._socket.send

    def start(self, stray: Callable[[int, tuple[Any, ...]], None]) -> None:
        """What came between binding and connecting may be anybody's: `stray` judges it."""
        with contextlib.suppress(OSError):
            for _ in range(_STRANGE):
                stray(*self._socket.recvfrom_into(self._receiving))
        view = self._engine.workspace.view
        handler = _reader(self._recv_into, self._receiving, view, self._protocol, self.address)
        self._engine.poller.watch(self._socket.fileno(), handler)

    def belongs_to(self, bound: MediaSocket, address: Address) -> bool:
        return address == self.address and bound.socket.getsockname() == self._here

    def close(self) -> None:
        self._engine.poller.forget(self._socket.fileno())
        self._socket.close()


def _reader(
    recv_into: Callable[[memoryview], int],
    receiving: memoryview,
    view: memoryview,
    protocol: GuardedProtocol,
    address: Address,
) -> Callable[[], None]:
    """What to do when a twin is readable, with all it needs at hand: it is done for each packet."""

    def readable() -> None:
        try:
            size = recv_into(receiving)
        except OSError:
            return
        try:
            if size and 127 < view[0] < 192 and (take := protocol.on_media) is not None:
                take(size)
            else:
                protocol.received(size, address)
        except Exception as error:
            protocol.failed(error)

    return readable


def _open(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    return opened


@contextlib.contextmanager
def _shared(each: socket.socket) -> Any:
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        yield
    finally:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)


def sender(media_socket: MediaSocket, address: Address) -> Callable[[Any], object]:
    """The way out where there is no twin."""
    return partial(_send_to, media_socket.socket, address)


def _send_to(by: socket.socket, address: Address, data: Any) -> object:
    return by.sendto(data, address)
