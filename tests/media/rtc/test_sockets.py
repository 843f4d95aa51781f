"""The bound socket, its connected twin, and how much of a turn they may take."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from kolapp_media.rtc import sockets
from kolapp_media.rtc.sockets import Engine, MediaSocket
from media_peers import until

MEDIA = b"\x80" + bytes(20)
Address = tuple[str, int]


@dataclass
class Listener:
    """In the guard's place: notes what comes, and from whom."""

    engine: Engine
    heard: list[tuple[bytes, Address]] = field(default_factory=list)
    media: list[bytes] = field(default_factory=list)
    floods: int = 0

    def connection_made(self, transport: object) -> None:
        pass

    def connection_lost(self, error: object) -> None:
        pass

    def received(self, size: int, address: Address) -> None:
        self.heard.append((bytes(self.engine.workspace.view[:size]), address))

    def on_media(self, size: int) -> None:
        self.media.append(bytes(self.engine.workspace.view[:size]))

    def failed(self, error: Exception) -> None:
        raise error

    def flooded(self) -> None:
        self.floods += 1


@pytest.fixture
async def listener() -> Listener:
    return Listener(Engine())


@pytest.fixture
async def bound(listener: Listener) -> AsyncIterator[MediaSocket]:
    bound = MediaSocket("127.0.0.1", listener.engine)
    bound.attach(listener)
    yield bound
    bound.close()
    await asyncio.sleep(0)
    assert listener.engine.poller._epoll is None  # held only while it is needed


@pytest.fixture
def outside() -> Callable[[], socket.socket]:
    made = []

    def make() -> socket.socket:
        made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made[-1].bind(("127.0.0.1", 0))
        made[-1].settimeout(5)
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_the_chosen_address_gets_a_socket_of_its_own(listener, bound, outside) -> None:
    browser, stranger = outside(), outside()
    port = bound.get_extra_info("sockname")
    twin = bound.connected_twin(browser.getsockname())

    browser.sendto(MEDIA, port)
    stranger.sendto(MEDIA, port)
    browser.sendto(b"\x00\x01", port)  # a check of the browser
    await until(lambda: listener.media and len(listener.heard) == 2)
    twin.send(b"back")

    assert listener.media == [MEDIA]  # straight to the leg; the stranger's to the guard
    assert sorted(listener.heard) == [
        (b"\x00\x01", browser.getsockname()),
        (MEDIA, stranger.getsockname()),
    ]
    assert browser.recvfrom(100) == (b"back", port)  # from the same port
    twin.close()


async def test_what_is_there_before_the_twin_is_connected_is_judged_by_its_sender(
    listener, bound, outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, stranger = outside(), outside()
    port = bound.get_extra_info("sockname")
    connect = socket.socket.connect

    def late(self: socket.socket, address: Address) -> None:
        for _ in range(3):  # the newer of two bound sockets hears strangers
            stranger.sendto(MEDIA, port)
        connect(self, address)

    class Late(socket.socket):
        connect = late

    monkeypatch.setattr(sockets.socket, "socket", Late)
    twin = bound.connected_twin(browser.getsockname())
    await until(lambda: len(listener.heard) == 3)

    assert {address for _, address in listener.heard} == {stranger.getsockname()}
    assert listener.media == []
    twin.close()


async def test_the_port_cannot_be_shared_by_others(bound, outside) -> None:
    twin = bound.connected_twin(outside().getsockname())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            thief.bind(bound.get_extra_info("sockname"))
    twin.close()


async def test_a_flood_of_strangers_is_left_to_the_kernel(listener, bound, outside) -> None:
    browser, stranger = outside(), outside()
    port = bound.get_extra_info("sockname")
    twin = bound.connected_twin(browser.getsockname())
    for _ in range(200):
        stranger.sendto(b"junk", port)
    await until(lambda: listener.floods == 1)
    taken = len(listener.heard)
    browser.sendto(MEDIA, port)
    await until(lambda: listener.media)  # not behind the junk

    assert taken <= 2 * sockets._STRANGE + 2  # and those at which it looks at the clock
    await until(lambda: len(listener.heard) == 200)  # in the end, a share at a time
    twin.close()


async def test_a_busy_socket_takes_turns_with_the_others(outside) -> None:
    engine = Engine()
    listeners = [Listener(engine), Listener(engine)]
    both = [MediaSocket("127.0.0.1", engine) for _ in listeners]
    browsers = [outside(), outside()]
    twins = []
    for each, listener, browser in zip(both, listeners, browsers, strict=True):
        each.attach(listener)
        twins.append(each.connected_twin(browser.getsockname()))
    for _ in range(100):
        browsers[0].sendto(MEDIA, both[0].get_extra_info("sockname"))
    browsers[1].sendto(MEDIA, both[1].get_extra_info("sockname"))

    engine.poller.read()  # one turn of the loop

    assert len(listeners[0].media) == sockets._ROUNDS  # and then timers and control
    assert len(listeners[1].media) == 1
    for each in (*twins, *both):
        each.close()
    await asyncio.sleep(0)
