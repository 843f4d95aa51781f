"""Signals as something that can be waited for together with pipes."""

from __future__ import annotations

import selectors
import signal
import socket
from types import FrameType, TracebackType

STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Wakeups:
    """Inside the `with`, SIGTERM, SIGINT, SIGHUP and SIGCHLD end a `wait` instead of the process.

    For the main thread only, as Python's signals are.
    """

    def __init__(self) -> None:
        self.stops_asked = 0
        self._selector = selectors.DefaultSelector()
        self._reader, self._writer = socket.socketpair()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Wakeups:
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._selector.register(self._reader, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (*STOP, signal.SIGCHLD):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup: the terminal may go, we stay
            self._before[number] = signal.signal(number, self._noted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as signal() gave it
        self._selector.close()
        self._reader.close()
        self._writer.close()

    def _noted(self, number: int, frame: FrameType | None) -> None:
        if number in STOP:
            self.stops_asked += 1

    def watch(self, descriptor: int) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ)

    def unwatch(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def wait(self, timeout_s: float | None) -> list[int]:
        """The watched descriptors that are readable; [] after a signal or the time."""
        readable = [key.fd for key, _ in self._selector.select(timeout_s)]
        if self._reader.fileno() in readable:
            readable.remove(self._reader.fileno())
            self._reader.recv(4096)
        return readable
