"""Which UDP port a leg's socket gets: any, or the next free one of a range that firewalls know."""

from __future__ import annotations

import errno
import random
import socket


class NoFreePort(OSError):
    """Every port of the range is taken."""


class Ports:
    """`low` to `high`, both included; 0 and 0 leave the choice to the system.

    Not for more than one event loop. A port goes back by closing its socket; nodes that share a
    machine may share a range, since a port that is taken is passed over.
    """

    def __init__(self, low: int = 0, high: int = 0) -> None:
        self._low = low
        self._size = high - low + 1
        # In turn, so that a peer of a leg that has gone does not speak to its successor; and not
        # from the beginning, or nodes that share a range would try each other's ports.
        self._next = random.randrange(self._size)

    def bind(self, opened: socket.socket, host: str) -> None:
        """Raises NoFreePort, and OSError when the address is not this machine's."""
        if not self._low:
            opened.bind((host, 0))
            return
        for _ in range(self._size):
            port = self._low + self._next
            self._next = (self._next + 1) % self._size
            try:
                opened.bind((host, port))
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise NoFreePort(errno.EADDRINUSE, "every port of the range is taken")
