"""Which UDP port a socket gets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from kolapp_media.rtc.ports import NoFreePort, Ports

HOST = "127.0.0.1"
RANGE = range(20_310, 20_314)  # of loopback, outside what the system gives away by itself


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def bound(stack: ExitStack, ports: Ports, host: str = HOST) -> int:
    opened = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    ports.bind(opened, host)
    port: int = opened.getsockname()[1]
    return port


def test_each_socket_gets_another_port_of_the_range_until_none_is_left(stack) -> None:
    ports = Ports(RANGE.start, RANGE.stop - 1)
    assert {bound(stack, ports) for _ in RANGE} == set(RANGE)
    with pytest.raises(NoFreePort):
        bound(stack, ports)


def test_a_port_that_was_given_back_comes_after_the_others(stack) -> None:
    ports = Ports(RANGE.start, RANGE.stop - 1)
    with ExitStack() as short:
        first = bound(short, ports)
    assert first not in {bound(stack, ports) for _ in RANGE[1:]}
    assert bound(stack, ports) == first


def test_two_nodes_may_share_a_range(stack) -> None:
    here, there = Ports(RANGE.start, RANGE.stop - 1), Ports(RANGE.start, RANGE.stop - 1)
    found = {bound(stack, each) for each in (here, there, here, there)}
    assert found == set(RANGE)


def test_without_a_range_any_port_will_do(stack) -> None:
    assert bound(stack, Ports()) > 1_023


def test_an_address_of_another_machine_is_no_full_range(stack) -> None:
    with pytest.raises(OSError, match="assign") as refused:
        bound(stack, Ports(RANGE.start, RANGE.stop - 1), "203.0.113.1")
    assert not isinstance(refused.value, NoFreePort)
