"""Whose request it is: nobody dodges limits by writing a header."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from kolapp_signalling.forwarded import client_address

OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # no proxy of ours says so
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # the first is the client's own
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.2.2.2"], "10.2.2.2"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "unknown"),
        ("fd00::1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("", [], "unknown"),
    ],
)
def test_the_nearest_hop_that_is_no_proxy_of_ours_counts(
    peer: str, forwarded: list[str], found: str
) -> None:
    assert client_address(peer, forwarded, OURS) == found
