"""A call of two browsers whose networks let nothing through but a TURN server: Debian's coturn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from browser_people import Person, house_with, two_in_call
from relayed_calls import SECRET, nothing_comes_through, relay, ways_of

RELAYED = """
{
  const Free = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Free {
    constructor(options) { super({ ...options, iceTransportPolicy: "relay" }); }
  };
}
"""


@asynccontextmanager
async def called(tmp_path: Path, **other: str) -> AsyncIterator[tuple[Person, Person]]:
    """`other` settings of the server than those that fit the relay."""
    with relay(tmp_path / "coturn") as settings:
        async with house_with(tmp_path / "data", **settings | other) as house:
            yield await two_in_call(house, script=RELAYED)


async def test_two_who_reach_nothing_but_the_relay_see_and_hear_each_other(tmp_path: Path) -> None:
    async with called(tmp_path) as people:
        await asyncio.gather(*(each.sees_and_hears(60) for each in people))
        assert [(await ways_of(each))["used"] for each in people] == ["relay", "relay"]


async def test_with_foreign_credentials_no_packet_comes_through(tmp_path: Path) -> None:
    async with called(tmp_path, KOLAPP_TURN_SECRET=SECRET.upper()) as people:
        await nothing_comes_through(people)
