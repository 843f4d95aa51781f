"""Two media nodes as two processes of one `kolapp serve`: who carries what, and who dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.errors import RequestRefused
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Signature, VisitPeer
from processes import Serve, serving
from story import GLANCE, QUEUE, Town, sees_and_hears, town_of

SMALL = {
    "KOLAPP_MEDIA_MAX_LEGS": "4",  # two visits each
    "KOLAPP_MEDIA_MOST_CPU": "1",  # whatever else this machine does
    "KOLAPP_MEDIA_MOST_LATE": "10",
    "KOLAPP_NODE_ID": "here",
}
OFFER = (Path(__file__).parent / "media" / "data" / "chromium.sdp").read_text()
PATIENT, CLINICIAN = Signature(mark=5, hertz=440), Signature(mark=9, hertz=660)
DEADLINE_S = 10.0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path / "data", "--media-nodes", "2", environment=SMALL) as serve:
        yield serve


@pytest.fixture
async def visits(serve: Serve) -> AsyncIterator[Visits]:
    async with AsyncExitStack() as stack:
        yield Visits(await stack.enter_async_context(town_of(serve.url)), stack)


@dataclass
class Visit:
    patient: Patient
    clinician: Clinician


@dataclass
class Visits:
    town: Town
    stack: AsyncExitStack

    async def begin(self) -> Visit:
        patient = await self.stack.enter_async_context(self.town.patient())
        clinician = await self.stack.enter_async_context(self.town.clinician())
        await patient.join(QUEUE)
        await clinician.ready(QUEUE)
        await clinician.pull()
        await patient.until_called(DEADLINE_S)
        await patient.answer()
        await clinician.until_live()
        return Visit(patient, clinician)


def carrier(serve: Serve, answer: str) -> int:
    """The process that has the media port of this answer."""
    candidate = next(line for line in answer.splitlines() if line.startswith("a=candidate"))
    ending = f":{int(candidate.split()[5]):04X}"
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(ending)}
    for pid, role in serve.children().items():
        if sockets & {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}:
            assert role == "media"
            return pid
    raise AssertionError("nobody has this port")


async def both_connected(serve: Serve) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while serve.output().count("A media node is connected.") < 2:  # noqa: ASYNC110  # a log
            await asyncio.sleep(0.01)


async def test_a_queue_keeps_its_node_spills_over_and_outlives_it(
    serve: Serve, visits: Visits
) -> None:
    await both_connected(serve)
    carriers = []
    for _ in range(2):
        visit = await visits.begin()
        carriers.append(carrier(serve, (await visit.patient.offer(OFFER))["sdp"]))
    preferred = carriers[0]
    assert carriers == [preferred] * 2, "the queue keeps its node"

    spilt = await visits.begin()
    async with (
        VisitPeer(spilt.patient, PATIENT) as at_home,
        VisitPeer(spilt.clinician, CLINICIAN) as at_work,
    ):
        answer = at_home._connection.remoteDescription.sdp
        assert carrier(serve, answer) != preferred, "what does not fit there goes to the next"
        os.kill(preferred, signal.SIGKILL)
        await asyncio.gather(
            sees_and_hears(at_home, CLINICIAN, GLANCE), sees_and_hears(at_work, PATIENT, GLANCE)
        )
        assert serve.next_event()["died"] in ("media-1", "media-2")
        frames = at_home.received.picture.frames
        await at_home.until(lambda peer: peer.received.picture.frames > frames + GLANCE, DEADLINE_S)


async def test_when_all_are_full_the_next_one_is_told_so(serve: Serve, visits: Visits) -> None:
    await both_connected(serve)
    for _ in range(4):
        visit = await visits.begin()
        await visit.patient.offer(OFFER)
        await visit.clinician.offer(OFFER)  # a node counts legs, and its word is the last
    one_too_many = await visits.begin()
    with pytest.raises(RequestRefused, match="media_full"):
        await one_too_many.patient.offer(OFFER)
