"""Under which keys the web application keeps what its handlers work with."""

from __future__ import annotations

from aiohttp import web

from .assembly import SignallingNode
from .settings import Settings

NODE = web.AppKey("node", SignallingNode)
SETTINGS = web.AppKey("settings", Settings)
