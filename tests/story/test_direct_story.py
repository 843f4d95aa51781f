"""A visit in direct mode in real browsers: sound and picture between the two, past every server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from browser_company import invite
from browser_people import Person, house_of, two_in_call
from processes import Serve, serving

FRAMES = 30
# There is a newer leg than those so far, it is connected, and all others were let go.
MOVED = """
(before) => window.legs.length > before
  && window.legs.at(-1).connectionState === "connected"
  && window.legs.slice(0, -1).every((leg) => leg.signalingState === "closed")
"""


@pytest.fixture
def direct(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path / "data", environment={"KOLAPP_QUEUE_MODE": "direct"}) as serve:
        yield serve


def udp_sockets(pid: int) -> int:
    """How many a process has open."""
    known = {
        line.split()[9]
        for table in ("udp", "udp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    }
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(link.removeprefix("socket:[").removesuffix("]") in known for link in links)


def forwarded(url: str) -> list[str]:
    text = urlopen(f"{url}/metrics").read().decode()
    return [
        line
        for line in text.splitlines()
        if line.startswith(('kolapp_media_packets_total{what="forwarded"}', "kolapp_media_legs "))
    ]


async def both_see_and_hear(*people: Person) -> None:
    before = [(await each.media())["frames"] for each in people]
    await asyncio.gather(
        *(each.sees_and_hears(was + FRAMES) for each, was in zip(people, before, strict=True))
    )


async def test_two_see_and_hear_each_other_past_every_server(direct: Serve) -> None:
    media = direct.pid_of("media")
    async with house_of(direct.url) as house:
        people = await two_in_call(house)
        await both_see_and_hear(*people)
        assert udp_sockets(media) == 0
        assert all(line.endswith(" 0.0") for line in forwarded(direct.url))

        # Whoever reloads the page is back in the call by itself.
        for who in people:
            await who.page.reload()
            await who.state("call")
            await both_see_and_hear(*people)

        # The call does not notice that the node is gone.
        legs = [await each.page.evaluate("() => window.legs.length") for each in people]
        direct.kill("signalling")
        await both_see_and_hear(*people)
        await asyncio.to_thread(direct.wait_back, "signalling")
        assert [await each.page.evaluate("() => window.legs.length") for each in people] == legs
        assert udp_sockets(media) == 0

        # A third person is invited: from now on the call goes over the media node.
        await invite(people[1], "interpreter")
        for each, before in zip(people, legs, strict=True):
            await each.page.wait_for_function(MOVED, arg=before)
        await both_see_and_hear(*people)
        assert udp_sockets(media) > 0

        await people[1].click("#hang-up")
        await asyncio.gather(people[0].state("ended"), people[1].state("desk"))
