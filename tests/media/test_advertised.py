"""What clients are told of an address."""

from __future__ import annotations

import pytest
from kolapp_media.advertised import told

OUTSIDE = (("", "203.0.113.7"), ("10.0.0.6", "203.0.113.8"), ("", "2001:db8::7"))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.5", "203.0.113.7"),
        ("10.0.0.6", "203.0.113.8"),
        ("fd00::5", "2001:db8::7"),
    ],
)
def test_the_address_outside_is_told_of_that_family(host, address) -> None:
    assert told(host, OUTSIDE) == address


def test_an_address_of_which_nothing_is_said_is_told_as_it_is() -> None:
    assert told("10.0.0.5", ()) == "10.0.0.5"
    assert told("fd00::5", OUTSIDE[:2]) == "fd00::5"
