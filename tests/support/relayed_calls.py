"""Calls of two browsers over a coturn of their own: its settings, and what a call shows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser_people import Person
from turn_servers import coturn

SECRET = "a secret of thirty-two characters"
# The other end of a relay is on loopback here, which the recommended configuration refuses.
TO_LOOPBACK = ("allow-loopback-peers", "allowed-peer-ip=127.0.0.1")
# Of the newest leg: which kinds of ways the other end told of, and which one is used here.
WAYS = """
async () => {
  const leg = window.legs.at(-1);
  const told = [...leg.remoteDescription.sdp.matchAll(/ typ ([a-z]+)/g)].map(([, kind]) => kind);
  const stats = [...(await leg.getStats()).values()];
  const ways = stats.filter(({ type }) => type === "remote-candidate");
  const remote = ways.map(({ candidateType }) => candidateType);
  const pair = stats.find((each) => each.type === "candidate-pair" && each.nominated);
  const used = stats.find(({ id }) => id === pair?.localCandidateId)?.candidateType ?? "none";
  return { told: [...new Set([...told, ...remote])], used };
}
"""


@contextmanager
def relay(directory: Path) -> Iterator[dict[str, str]]:
    """The settings of a server whose visits may go over it."""
    directory.mkdir()
    with coturn(directory, SECRET, *TO_LOOPBACK) as (host, port):
        yield {
            "KOLAPP_TURN_URLS": f"turn:{host}:{port}?transport=tcp",
            "KOLAPP_TURN_SECRET": SECRET,
        }


async def ways_of(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = await person.page.evaluate(WAYS)
    return found


async def nothing_comes_through(people: Iterable[Person]) -> None:
    """The pages have tried in vain, and go on trying."""
    for each in people:
        await each.page.wait_for_function("() => window.legs.length > 1", timeout=40_000)
        assert (await each.media())["packets"] == 0
