"""The address that clients are told in place of the one a socket is bound to (1:1 NAT)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

# (address listened on, address told); "" as the first stands for every other one of that family.
Advertised = Sequence[tuple[str, str]]


def told(host: str, advertised: Advertised) -> str:
    """What a client is told of `host`; `host` itself where nothing is said of it."""
    known = dict(advertised)
    if host in known:
        return known[host]
    version = ipaddress.ip_address(host).version
    for each, address in advertised:
        if not each and ipaddress.ip_address(address).version == version:
            return address
    return host
