"""One port for several signalling processes: the kernel hands each new connection to one of them.

Linux lets sockets of one user share a port that all of them ask to share (SO_REUSEPORT). So would a
second `kolapp serve`, unnoticed: hence the look whether anybody is there first, and the socket that
keeps the port while none of ours listens. It never listens itself, so nothing goes to it.
"""

from __future__ import annotations

import socket

from .process import StartRefused


class SharedPort:
    """`number` is the port, also when any free one was asked for."""

    def __init__(self, host: str, port: int) -> None:
        """Raises StartRefused with a sentence for the operator."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, _, _, _, address = found[0]
            with socket.socket(family, socket.SOCK_STREAM) as alone:
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind(address)
                self.number: int = alone.getsockname()[1]
            self._kept = socket.socket(family, socket.SOCK_STREAM)
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._kept.bind((address[0], self.number, *address[2:]))
        except OSError as error:
            raise StartRefused(
                f"The signalling nodes cannot share {host}:{port} ({error.strerror}); choose "
                "another address with --host or another port with --port."
            ) from error

    def close(self) -> None:
        self._kept.close()
