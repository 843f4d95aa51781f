"""Direct visits over relays alone: two browsers, coturn between them, and no address told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser_people import House, Person, house_with, two_in_call
from relayed_calls import SECRET, nothing_comes_through, relay, ways_of


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
async def house(tmp_path: Path) -> AsyncIterator[House]:
    direct = {"KOLAPP_QUEUE_MODE": "direct", "KOLAPP_QUEUE_DIRECT_RELAY_ONLY": "yes"}
    with relay(tmp_path / "coturn") as settings:
        async with house_with(tmp_path / "data", **settings, **direct) as house:
            yield house


@asynccontextmanager
async def call(house: House, script: str = "") -> AsyncIterator[tuple[Person, Person]]:
    patient, clinician = await two_in_call(house, script=script)
    yield patient, clinician
    await clinician.click("#hang-up")
    await asyncio.gather(patient.state("ended"), clinician.state("desk"))


async def test_two_who_may_not_know_each_others_address_see_and_hear_each_other(
    house: House,
) -> None:
    async with call(house) as people:
        await asyncio.gather(*(each.sees_and_hears(60) for each in people))
        for each in people:
            found = await ways_of(each)
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
        await nothing_comes_through(people)
