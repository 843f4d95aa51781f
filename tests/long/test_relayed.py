"""A call of two browsers whose networks let nothing through but a TURN server: Debian's coturn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_people import House, Person, house_of
from processes import Serve, serving
from turn_servers import coturn

SECRET = "a secret of thirty-two characters"
# Media nodes of tests are on loopback, which the recommended configuration refuses.
TO_LOOPBACK = ("allow-loopback-peers", "allowed-peer-ip=127.0.0.1")
RELAYED = """
{
  const Free = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Free {
    constructor(options) { super({ ...options, iceTransportPolicy: "relay" }); }
  };
}
"""
PAIRS = """
async () => {
  const stats = [...(await window.legs.at(-1).getStats()).values()];
  const chosen = stats.find((each) => each.type === "candidate-pair" && each.nominated);
  return stats.find(({ id }) => id === chosen?.localCandidateId)?.candidateType ?? "none";
}
"""


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[tuple[str, int]]:
    directory = tmp_path / "coturn"
    directory.mkdir()
    with coturn(directory, SECRET, *TO_LOOPBACK) as address:
        yield address


def settings(turn: tuple[str, int], secret: str) -> dict[str, str]:
    return {
        "KOLAPP_TURN_URLS": f"turn:{turn[0]}:{turn[1]}?transport=tcp",
        "KOLAPP_TURN_SECRET": secret,
    }


@pytest.fixture
def serve(tmp_path: Path, turn: tuple[str, int]) -> Iterator[Serve]:
    with serving(tmp_path / "data", environment=settings(turn, SECRET)) as serve:
        yield serve


@pytest.fixture
def shut_out(tmp_path: Path, turn: tuple[str, int]) -> Iterator[Serve]:
    """Its credentials are another server's."""
    foreign = settings(turn, SECRET.upper())
    with serving(tmp_path / "data", environment=foreign) as serve:
        yield serve


async def called(house: House) -> tuple[Person, Person]:
    patient = await house.person("/patient", phone=True, script=RELAYED)
    await patient.state("welcome")
    await patient.click("#join")
    clinician = await house.person("/clinician", phone=False, script=RELAYED)
    await clinician.click("#ready")
    await clinician.click("#next")
    await patient.state("called")
    await patient.click("#answer")
    await asyncio.gather(patient.state("call"), clinician.state("call"))
    return patient, clinician


async def test_two_who_reach_nothing_but_the_relay_see_and_hear_each_other(serve: Serve) -> None:
    async with house_of(serve.url) as house:
        people = await called(house)
        await asyncio.gather(*(each.sees_and_hears(60) for each in people))
        assert [await each.page.evaluate(PAIRS) for each in people] == ["relay", "relay"]


async def test_with_foreign_credentials_no_packet_comes_through(shut_out: Serve) -> None:
    async with house_of(shut_out.url) as house:
        people = await called(house)
        for each in people:  # the page has tried in vain, and goes on trying
            await each.page.wait_for_function("() => window.legs.length > 1", timeout=30_000)
            assert (await each.media())["packets"] == 0
