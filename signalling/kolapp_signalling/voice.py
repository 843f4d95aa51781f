"""What `kolapp serve` says to the operator: the banner, and one line for each event.

The same events go as lines of JSON to the pipe in KOLAPP_READY_FD, if whoever started us gave
one: a service manager or a test then waits for an event, not for a time.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import TextIO

from .process import READY_FD
from .settings import Settings

RULE = "-" * 64


class Voice:
    """A terminal that went away must not stop the server, so nothing here raises OSError."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        descriptor = environment.get(READY_FD, "")
        self._pipe: TextIO | None = (
            open(int(descriptor), "w", encoding="utf-8") if descriptor else None  # noqa: SIM115  # closed by close()
        )

    def close(self) -> None:
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.close()

    def ready(self, settings: Settings, url: str, took_ms: int) -> None:
        self._say(banner(settings, url, took_ms))
        self._event({"ready": {"url": url}})

    def refused(self, sentence: str) -> None:
        with contextlib.suppress(OSError):
            print(sentence, file=sys.stderr, flush=True)
        self._event({"refused": sentence})

    def died(self, role: str, cause: str, pause_ms: int) -> None:
        when = f"in {pause_ms / 1000:g} s" if pause_ms else "at once"
        self._say(f"The {role} process died: {cause}. It is started again {when}.")
        self._event({"died": role})

    def back(self, role: str, after_ms: int) -> None:
        self._say(f"The {role} process is back after {after_ms / 1000:.1f} s.")
        self._event({"back": role, "after_ms": after_ms})

    def spare_loaded(self, role: str) -> None:
        self._event({"spare": role})

    def spare_died(self, role: str, cause: str, pause_ms: int) -> None:
        when = f"in {pause_ms / 1000:g} s"
        self._say(f"The spare {role} process died: {cause}. Another is loaded {when}.")
        self._event({"spare_died": role})

    def stopping(self) -> None:
        self._say("Stopping. Everybody who waits keeps the place.")
        self._event({"stopping": True})

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(text, flush=True)

    def _event(self, event: Mapping[str, object]) -> None:
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.write(json.dumps(event) + "\n")
                self._pipe.flush()


def banner(settings: Settings, url: str, took_ms: int) -> str:
    """Where the pages are, what the keys are worth, and how to stop."""
    lines = [
        RULE,
        f" Kolapp is ready ({took_ms / 1000:.1f} s)",
        "",
        f"   Patient     {url}/patient",
        f"   Clinician   {url}/clinician",
        "",
    ]
    if settings.lan and settings.demo:
        lines += [
            " Demo tokens for everybody in this network. Scan to draw a number;",
            " the phone warns of the self-made certificate once.",
        ]
    elif settings.demo:
        lines.append(" Demo tokens, this machine only.")
    store = "the store you named" if settings.store_url else str(settings.data_dir)
    lines += [f" The queue is kept in {store}. Stop with Ctrl-C.", RULE]
    if settings.lan:
        from .lan import qr_code  # loads the QR library only when a code is drawn

        lines.append(qr_code(f"{url}/patient"))
    return "\n".join(lines)
