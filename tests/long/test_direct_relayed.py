"""Direct visits over relays alone: two browsers, coturn between them, and no address told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser_people import House, Person, house_of
from processes import serving
from turn_servers import coturn

SECRET = "a secret of thirty-two characters"
# Both browsers' relays are on loopback, which the recommended configuration refuses as a peer.
TO_LOOPBACK = ("allow-loopback-peers", "allowed-peer-ip=127.0.0.1")
# Of the newest leg: which kinds of ways the other one told of, and which one is used.
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


def credentials_of(moment: float, secret: str) -> dict[str, str]:
    """As a node makes them (draft-uberti-behave-turn-rest-00), but for any time."""
    username = f"{int(moment)}:visit.patient"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return {"username": username, "credential": base64.b64encode(digest).decode()}


def with_credentials(credentials: dict[str, str]) -> str:
    """A page that uses these in place of those that the node gives it."""
    return f"""
    {{
      const Free = window.RTCPeerConnection;
      window.RTCPeerConnection = class extends Free {{
        constructor({{ iceServers, ...options }}) {{
          const mine = ({{ urls }}) => ({{ urls, ...{json.dumps(credentials)} }});
          super({{ ...options, iceServers: iceServers.map(mine) }});
        }}
      }};
    }}
    """


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[tuple[str, int]]:
    directory = tmp_path / "coturn"
    directory.mkdir()
    with coturn(directory, SECRET, *TO_LOOPBACK) as address:
        yield address


@pytest.fixture
async def house(tmp_path: Path, turn: tuple[str, int]) -> AsyncIterator[House]:
    environment = {
        "KOLAPP_QUEUE_MODE": "direct",
        "KOLAPP_QUEUE_DIRECT_RELAY_ONLY": "yes",
        "KOLAPP_TURN_URLS": f"turn:{turn[0]}:{turn[1]}?transport=tcp",
        "KOLAPP_TURN_SECRET": SECRET,
    }
    with serving(tmp_path / "data", environment=environment) as serve:
        async with house_of(serve.url) as house:
            yield house


@asynccontextmanager
async def call(house: House, script: str = "") -> AsyncIterator[tuple[Person, Person]]:
    patient = await house.person("/patient", phone=True, script=script)
    await patient.state("welcome")
    await patient.click("#join")
    clinician = await house.person("/clinician", phone=False, script=script)
    await clinician.click("#ready")
    await clinician.click("#next")
    await patient.state("called")
    await patient.click("#answer")
    await asyncio.gather(patient.state("call"), clinician.state("call"))
    yield patient, clinician
    await clinician.click("#hang-up")
    await asyncio.gather(patient.state("ended"), clinician.state("desk"))


async def test_two_who_may_not_know_each_others_address_see_and_hear_each_other(
    house: House,
) -> None:
    async with call(house) as people:
        await asyncio.gather(*(each.sees_and_hears(60) for each in people))
        for each in people:
            found = await each.page.evaluate(WAYS)
            # A relay that sends before it was told of is at first nobody's (prflx).
            assert set(found["told"]) <= {"relay", "prflx"}
            assert found["used"] == "relay"


@pytest.mark.parametrize(
    ("valid_s", "secret", "works"),
    [(600, SECRET, True), (-600, SECRET, False), (600, SECRET.upper(), False)],
    ids=["ours", "expired", "foreign"],
)
async def test_only_our_credentials_of_now_open_the_relay(
    house: House, valid_s: int, secret: str, works: bool
) -> None:
    script = with_credentials(credentials_of(time.time() + valid_s, secret))
    async with call(house, script) as people:
        if works:
            await asyncio.gather(*(each.sees_and_hears(15) for each in people))
            return
        for each in people:  # the pages have tried in vain, and go on trying
            await each.page.wait_for_function("() => window.legs.length > 1", timeout=40_000)
            assert (await each.media())["packets"] == 0
