"""A picture begins with a key frame: who publishes is asked for one, again while nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from .rtc.feedback import Feedback
from .settings import MediaSettings


class Beginnings:
    """Of the pictures of one visit."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._timer: asyncio.TimerHandle | None = None
        # How often each is still asked, and what each of its pictures had sent when it was.
        self._asked: dict[Feedback, tuple[int, dict[int, int]]] = {}

    def ask(self, publishers: Iterable[Feedback]) -> None:
        """Somebody new is sent what these publish."""
        for each in dict.fromkeys(publishers):
            self._asked[each] = self._settings.key_frame_attempts - 1, each.ask_key_frames()
        self._go_on()

    def stop(self) -> None:
        self._asked.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        if self._asked and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(
                self._settings.key_frame_interval, self._again
            )

    def _again(self) -> None:
        self._timer = None
        for each, (left, seen) in list(self._asked.items()):
            if left > 0:
                self._asked[each] = left - 1, each.ask_key_frames(silent_since=seen)
            else:
                del self._asked[each]
        self._go_on()
