"""A node's process that has loaded everything and waits for its turn: a spare of `kolapp serve`.

Loading the packages is nearly all of a node's start: 0.3 to 0.6 s of computing, and with others
at the processor two seconds or more. A spare has that behind it. Until its turn it is a process
that reads a pipe: it has read no settings and no keys, and opened neither store nor ports.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module

from .process import drop_argument, report_loaded
from .setting_kinds import MEDIA, SIGNALLING

SPARE = "--spare"  # the last word on the command line, until the turn comes
TURN = b"start\n"
NICENESS = 10  # while it loads; on a busy machine that is about a tenth of a core

# With what a node loads only at its first use: a spare has the time.
NEEDED = {
    SIGNALLING: (
        ".node",
        ".app",
        ".development",
        "numpy.ma",
        "kolapp_queue.eta.live",
        "cryptography.hazmat.primitives.serialization",
    ),
    MEDIA: (".node", ".media_process", ".development", "cryptography.hazmat.backends.openssl"),
}


def stand_by(role: str) -> bool:
    """Load what `role` needs and wait for the word on standard input. False if there will be no
    turn: the other end was closed, as it also is when the parent dies."""
    _load_kindly(NEEDED[role])
    report_loaded()
    told = os.read(sys.stdin.fileno(), len(TURN))
    if told != TURN:
        return False
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    drop_argument(SPARE)
    return True


def _load_kindly(names: tuple[str, ...]) -> None:
    """In a thread that others go before. The whole process cannot do that: only root may take
    back its own niceness, and a node serves people."""
    failures: list[BaseException] = []

    def load() -> None:
        try:
            if sys.platform.startswith("linux"):  # elsewhere niceness is the whole process's
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            for name in names:
                import_module(name, __package__)
        except BaseException as error:
            failures.append(error)

    loading = threading.Thread(target=load, name="load")
    loading.start()
    loading.join()
    if failures:
        raise failures[0]
