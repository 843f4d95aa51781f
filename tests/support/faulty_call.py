"""A call of two browsers, one of them behind a network that does what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from browser_people import House, Person, house_of, meet
from playwright.async_api import WebSocketRoute
from processes import Serve
from udp_faults import FaultyNetwork


@asynccontextmanager
async def in_call(
    serve: Serve, network: FaultyNetwork | None = None, script: str = ""
) -> AsyncIterator[list[Person]]:
    """A patient, whose media goes through `network`, and a clinician who see each other."""
    async with house_of(serve.url) as house:
        patient = await _person(house, "/patient", network, script)
        clinician = await _person(house, "/clinician", None, script)
        await meet(patient, clinician)
        await asyncio.gather(patient.sees_and_hears(30), clinician.sees_and_hears(30))
        yield [patient, clinician]
        await clinician.click("#hang-up")
        await clinician.state("desk")


async def _person(house: House, path: str, network: FaultyNetwork | None, script: str) -> Person:
    found = await house.person(path, phone=path == "/patient", script=script)
    if network is not None:
        await found.page.route_web_socket("**/ws", lambda socket: through(network, socket))
        await found.page.reload()
    return found


def through(network: FaultyNetwork, socket: WebSocketRoute) -> None:
    """The server's answers name the faulty network's port in place of the media node's."""
    server = socket.connect_to_server()

    async def answered(text: str | bytes) -> None:
        message = json.loads(text)
        if message["type"] == "sdp_answer":
            message["sdp"] = await network.lay(message["sdp"])
        socket.send(json.dumps(message))

    server.on_message(answered)
