"""A visit and its guests, as tests of signalling bring them in."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession
from drivers import Driver, Message, People
from kolapp_signalling.app import Served
from rest_client import Answer, RestClient

KIND = "interpreter"


async def visit_of(node: Served, crowd: People, other: Served | None = None) -> tuple[Driver, ...]:
    """Anna at one node and her doctor, perhaps at another, in a live visit."""
    anna = await crowd.waiting(node, "anna")
    doctor = await crowd.clinician(other or node)
    await doctor.pull()
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    return anna, doctor


async def invite(doctor: Driver, key: str = "g1", kind: str = KIND) -> Message:
    invited = await doctor.ask("invite", **of(doctor), kind=kind, key=key)
    assert invited["type"] == "invited", invited
    return invited


def of(driver: Driver) -> dict[str, Any]:
    """What every request about a visit names."""
    return {"visit": driver.visit["id"], "epoch": driver.visit["epoch"]}


async def show(node: Served, code: str, key: str = "", **options: Any) -> Answer:
    async with ClientSession() as http:
        client = RestClient(http, node, "")
        return await client.ask("POST", "/guest", {"code": code, "key": key}, **options)


async def enter(node: Served, crowd: People, token: str) -> Driver:
    """Say hello, and wait for what a guest is shown."""
    guest = await crowd.connect(node)
    welcome = await guest.hello(token)
    assert welcome["type"] == "welcome", welcome
    await guest.until(lambda guest: guest.guest)
    return guest


async def guest_of(node: Served, crowd: People, doctor: Driver, **asked: str) -> Driver:
    """Somebody who was invited, has come in, and is connected."""
    answer = await show(node, (await invite(doctor, **asked))["code"])
    assert answer.status == 200, answer
    return await enter(node, crowd, answer.body["token"])


def people_in(driver: Driver) -> list[str]:
    return [each["role"] for each in driver.visit["participants"]]
