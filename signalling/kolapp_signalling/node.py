"""`kolapp signalling` and `kolapp media`: the process of one node, on uvloop."""

from __future__ import annotations

import errno
from collections.abc import Coroutine
from typing import Any

import uvloop

from .log_lines import log_plainly
from .process import StartRefused
from .setting_kinds import MEDIA
from .settings import Settings


def run_node(role: str, settings: Settings) -> int:
    """Run until told to stop. Raises StartRefused with a sentence for the operator."""
    if not settings.store_url:
        raise StartRefused(
            f"`kolapp {role}` needs the store that all nodes share: name it with --store-url, or "
            "start everything at once with `kolapp serve`."
        )
    log_plainly(settings.log_level, settings.log_format)
    try:
        uvloop.run(_main(role, settings))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        raise StartRefused(_no_address(role, settings, error.errno)) from error
    return 0


def _main(role: str, settings: Settings) -> Coroutine[Any, Any, None]:
    # Only the process that needs it loads aiohttp, or aiortc.
    if role == MEDIA:
        from .media_process import run_media

        return run_media(settings)
    from .app import run_signalling

    return run_signalling(settings)


def _no_address(role: str, settings: Settings, code: int) -> str:
    if role == MEDIA:
        where, name = settings.media_control, "--media-control"
    else:
        where, name = f"{settings.http_host}:{settings.http_port}", "--port"
    why = {
        errno.EADDRINUSE: "another program listens there",
        errno.EADDRNOTAVAIL: "this machine does not have that address",
        errno.EACCES: "this user may not use that port",
    }[code]
    return f"The {role} node cannot listen on {where} because {why}; choose another with {name}."
