"""The issuer changes its keys while people are connected and come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric import ec
from drivers import People, Start
from kolapp_signalling import key_source
from kolapp_signalling.app import Served
from kolapp_signalling.key_source import KeySource, fetch, keys_of, read_file
from stub_server import at_free_port

KEYS = {kid: ec.generate_private_key(ec.SECP256R1()) for kid in ("old", "new", "encryption")}


def listed(*kids: str) -> dict[str, Any]:
    def public(kid: str) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEYS[kid].public_key()))
        return {**key, "kid": kid, "use": "enc" if kid == "encryption" else "sig"}

    return {"keys": [public(kid) for kid in kids]}


@dataclass
class Issuer:
    url: str = ""
    kids: tuple[str, ...] = ("old",)
    asked: int = 0
    answer: web.Response | None = None  # in place of the keys
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def keys(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.arrived.set()
        return self.answer or web.json_response(listed(*self.kids))


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with at_free_port(web.get("/keys", issuer.keys)) as url:
        issuer.url = f"{url}/keys"
        yield issuer


@pytest.fixture
async def node(issuer: Issuer, start: Start) -> Served:
    node = await start(jwt_jwks_url=issuer.url, jwt_key_file=None, jwt_algorithms=("ES256",))
    async with asyncio.timeout(5):
        while not node.node.entrance.identities.source.keys:  # noqa: ASYNC110  # read at once
            await asyncio.sleep(0)
    return node


def token(node: Served, crowd: People, kid: str, name: str = "anna") -> str:
    plain = jwt.decode(crowd.token(node, "patient", name), options={"verify_signature": False})
    return jwt.encode(plain, KEYS[kid], algorithm="ES256", headers={"kid": kid})


async def enters(node: Served, crowd: People, kid: str) -> bool:
    anna = await crowd.connect(node)
    await anna.send("hello", token=token(node, crowd, kid))
    return (await anna.receive())["type"] == "welcome"


async def refused(node: Served, crowd: People, kid: str) -> None:
    anna = await crowd.connect(node)
    await anna.send("hello", token=token(node, crowd, kid))
    assert await anna.closed() == 4501


async def test_a_key_that_is_new_is_looked_up_at_once_and_an_old_one_ends(
    node: Served, issuer: Issuer, crowd: People
) -> None:
    assert await enters(node, crowd, "old")
    issuer.kids = ("new", "encryption")
    assert await enters(node, crowd, "new")
    await refused(node, crowd, "old")
    await refused(node, crowd, "encryption")


async def test_made_up_names_of_keys_do_not_storm_the_issuer(
    node: Served, issuer: Issuer, crowd: People
) -> None:
    before = issuer.asked
    for _ in range(3):
        await refused(node, crowd, "new")
    assert issuer.asked == before + 1


@pytest.mark.parametrize("what", ["away", "nonsense", "empty", "huge", "elsewhere"])
async def test_an_issuer_that_fails_locks_nobody_out(
    node: Served, issuer: Issuer, crowd: People, what: str
) -> None:
    issuer.answer = {
        "away": web.Response(status=503),
        "nonsense": web.Response(text="<html>"),
        "empty": web.json_response({"keys": []}),
        "huge": web.Response(text="{" + " " * 300_000),
        "elsewhere": web.Response(status=302, headers={"Location": "/keys"}),
    }[what]
    await refused(node, crowd, "new")
    assert await enters(node, crowd, "old")


async def test_without_keys_a_node_is_not_ready(issuer: Issuer, start: Start) -> None:
    issuer.answer = web.Response(status=503)
    node = await start(jwt_jwks_url=issuer.url, jwt_key_file=None, jwt_algorithms=("ES256",))
    await asyncio.wait_for(issuer.arrived.wait(), 5)
    async with ClientSession() as http, http.get(node.url + "/readyz") as answer:
        assert (answer.status, await answer.text()) == (503, "no keys of tokens\n")


async def test_keys_are_read_again_and_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = KeySource({}, lambda: fetch(issuer.url))
    keeping = asyncio.create_task(source.keep_fresh(0.01))
    async with asyncio.timeout(5):
        while set(source.keys) != {"old"}:  # noqa: ASYNC110
            await asyncio.sleep(0)
        issuer.kids = ("old", "new")
        while set(source.keys) != {"old", "new"}:  # noqa: ASYNC110
            await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_a_file_may_change_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_source, "_NOT_SOONER_S", 0.0)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(listed("old")))
    source = KeySource(keys_of(path.read_bytes()), lambda: read_file(path))
    assert not await source.look_again()
    path.write_text(json.dumps(listed("old", "new")))
    assert await source.look_again()
    path.unlink()
    assert not await source.look_again()
    assert set(source.keys) == {"old", "new"}
