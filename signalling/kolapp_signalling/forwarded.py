"""Whose request it is, by address: what the network says, or what the proxies that we trust say.

Anybody can write a header, so only what trusted proxies added is believed. Of IPv6 the first 64
bits count, since whoever has one address has as many as they like.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

from .app_keys import SETTINGS
from .setting_kinds import Network

_FORWARDED_FOR = "X-Forwarded-For"
_UNKNOWN = "unknown"  # whatever is no address: all of them share the limits of one


def address_of(request: web.Request) -> str:
    """Whose limits count for this request. Never logged."""
    forwarded = request.headers.getall(_FORWARDED_FOR, ())
    return client_address(request.remote or "", forwarded, request.app[SETTINGS].trusted_proxies)


def client_address(peer: str, forwarded: Iterable[str], trusted: tuple[Network, ...]) -> str:
    """The nearest hop that is no proxy of ours. `forwarded` are the header's lines as they came:
    only what trusted proxies added at their end is believed."""
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    found = _read(peer)
    while hops and found is not None and any(found in network for network in trusted):
        found = _read(hops.pop())
    if found is None:
        return _UNKNOWN
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
