"""What an attacker sends, by number, each with the outcome it must have. In either hand: a stranger
without a token, and a patient who is who they say and wants what is not theirs.

Numbers 20 to 27 are the media node's (tests/media/test_attacks.py); 31 and 32 are whole runs of
their own (tests/faults/test_canary.py, test_erase_command.py)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import secrets
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from drivers import QUEUE, Closed, Driver, Message, People, Start
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.model import QueueRef
from kolapp_signalling.app import Served
from kolapp_signalling.keyring import kept_random
from kolapp_signalling.log_lines import PlainLines
from raw_socket import PING, TEXT, frame, raw_socket
from redis.asyncio import Redis
from rest_client import RestClient

HONEST_S = 1.0  # an honest client's answer beside an attack, on a busy machine


async def version(node: Served) -> int:
    return await node.node.store.version(QueueRef(node.node.settings.demo_provider, QUEUE))


async def prompt(driver: Driver) -> None:
    async with asyncio.timeout(HONEST_S):
        assert (await driver.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://127.0.0.1.evil.example", "file://", ""]
)
async def test_bad_input_1_a_page_of_somebody_elses(
    node: Served, crowd: People, origin: str
) -> None:
    """403 before the upgrade. Who sends no origin is no browser: the token alone lets them in."""
    with pytest.raises(WSServerHandshakeError) as caught:
        await crowd.connect(node, headers={"Origin": origin})
    assert caught.value.status == 403
    assert not (await crowd.connect(node)).ws.closed


async def test_bad_input_2_nothing_but_a_cookie(node: Served, crowd: People) -> None:
    """What a browser adds by itself says nothing here."""
    token = crowd.token(node, "patient", "anna")
    anna = await crowd.connect(node, headers={"Cookie": f"token={token}", "Origin": node.url})
    await anna.send("join", queue=QUEUE)
    assert await anna.closed() == 4500
    other = await crowd.connect(node, headers={"Authorization": f"Bearer {token}"})
    await other.send("hello", token="")
    await other.send("join", queue=QUEUE)
    assert (await other.receive())["code"] == "bad_message"
    assert await other.closed() == 4500
    assert await version(node) == 0


async def test_bad_input_3_a_token_in_the_address(node: Served, crowd: People) -> None:
    token = crowd.token(node, "patient", "anna")
    for query in (f"?token={token}", f"?access_token={token}", "?x"):
        async with ClientSession() as http, http.get(f"{node.url}/ws{query}") as answer:
            assert answer.status == 400
            assert token not in await answer.text()
    address = f"{node.url}/api/v1/queues?access_token={token}"
    async with ClientSession() as http, http.get(address) as answer:
        assert answer.status == 401


def claims(node: Served, **more: Any) -> dict[str, Any]:
    settings = node.node.settings
    named = {"iss": settings.jwt_issuer, "aud": settings.jwt_audience, "sub": "anna"}
    usual = {"role": "patient", "provider": settings.demo_provider, "exp": int(time.time()) + 600}
    return {**named, **usual, **more}


def forgeries(node: Served) -> dict[str, str]:
    keys = node.node.settings.data_dir / "keys"
    ours = serialization.load_pem_private_key((keys / "demo-signing.pem").read_bytes(), None)
    public = (keys / "demo-verify.pem").read_bytes()
    own = rsa.generate_private_key(65_537, 2_048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))

    def signed(headers: dict[str, Any] | None = None, **more: Any) -> str:
        said = {name: value for name, value in claims(node, **more).items() if value is not None}
        return jwt.encode(said, ours, "EdDSA", headers=headers)  # type: ignore[arg-type]

    plain = signed()
    head, body, signature = plain.split(".")
    return {
        "alg none": jwt.encode(claims(node), None, "none"),  # type: ignore[arg-type]
        "our public key as a secret": _hmac(claims(node), public),
        "signed by the key it brings": jwt.encode(
            claims(node), own, "RS256", headers={"jwk": jwk, "jku": "https://evil.example/keys"}
        ),
        "a critical extension": signed({"crit": ["x"], "x": 1}),
        "a key id that is a path": jwt.encode(
            claims(node), own, "RS256", headers={"kid": "../../../dev/null"}
        ),
        "another audience": signed(aud="elsewhere"),
        "another issuer": signed(iss="elsewhere"),
        "expired": signed(exp=int(time.time()) - 3_600),
        "not yet": signed(nbf=int(time.time()) + 3_600),
        "for ever": jwt.encode(
            {k: v for k, v in claims(node).items() if k != "exp"}, ours, "EdDSA"
        ),  # type: ignore[arg-type]
        "cut": plain[:-8],
        "another body": f"{head}.{body[:-4]}AAAA.{signature}",
        "no token": "x",
        "five parts": "a.b.c.d.e",
    }


def _hmac(what: dict[str, Any], key: bytes) -> str:
    import base64
    import hashlib
    import hmac

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = f"{part(json.dumps({'alg': 'HS256'}).encode())}.{part(json.dumps(what).encode())}"
    return f"{signed}.{part(hmac.digest(key, signed.encode(), hashlib.sha256))}"


async def test_bad_input_4_forged_tokens(node: Served, crowd: People) -> None:
    """All the same to who sent them, and counted."""
    tokens = forgeries(node)
    said = set()
    for token in tokens.values():
        anna = await crowd.connect(node)
        await anna.send("hello", token=token)
        code = await anna.closed(15)
        said.add((code, len(anna.frames)))
        node.node.entrance.doorkeeper._failures.clear()  # each as if it were the first
    assert said == {(4501, 0)}
    assert f"kolapp_bad_tokens_total {len(tokens)}.0" in node.node.metrics.text().decode()


async def test_bad_input_5_a_token_that_ends_during_the_wait(start: Start, crowd: People) -> None:
    """A fresh one is asked for; without one the connection ends for good and the place is kept."""
    node = await start(token_notice_ms=600_000, jwt_leeway_s=0)
    keys = node.node.settings.data_dir / "keys"
    key = (keys / "demo-signing.pem").read_bytes()
    anna = await crowd.connect(node)
    await anna.hello(jwt.encode(claims(node, exp=int(time.time()) + 2), key, "EdDSA"))
    number = (await anna.join())["number"]
    with contextlib.suppress(Closed):
        while True:
            await node.node.hub.look_after()
            await anna.ask("ping")
    assert anna.ws.close_code == 4501
    assert [each["type"] for each in anna.frames].count("token") == 1
    again = await crowd.connect(node)
    await again.hello(jwt.encode(claims(node), key, "EdDSA"))
    found = await again.ask("find", queue=QUEUE)
    assert (found["number"], found["place"]["position"]) == (number, 1)


async def test_bad_input_5_a_token_that_is_revoked_during_the_wait(
    start: Start, crowd: People, tmp_path: Path
) -> None:
    """The connection ends for good and the token opens nothing; a newer one finds the place."""
    revoked = tmp_path / "revoked"
    revoked.touch()
    node = await start(jwt_revoked_file=revoked)
    key = (node.node.settings.data_dir / "keys" / "demo-signing.pem").read_bytes()
    now = int(time.time())
    old, new = [jwt.encode(claims(node, iat=iat), key, "EdDSA") for iat in (now - 60, now)]
    anna, bo = await crowd.connect(node), await crowd.waiting(node, "bo")
    await anna.hello(old)
    number = (await anna.join())["number"]
    since = datetime.fromtimestamp(now - 30, UTC).isoformat()
    revoked.write_text(f"{anna.welcome['person']} {since}\n")
    assert await anna.closed() == 4501
    again = await crowd.connect(node)
    await again.send("hello", token=old)
    assert await again.closed() == 4501
    async with ClientSession() as http:
        assert (await RestClient(http, node, old).ask("GET", "/queues")).status == 401
    again = await crowd.connect(node)
    await again.hello(new)
    assert (await again.ask("find", queue=QUEUE))["number"] == number
    await prompt(bo)


async def test_bad_input_6_a_resume_id_used_twice(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    resume = anna.welcome["resume"]
    assert len(resume) >= 22, "128 bits"
    second = await crowd.patient(node, "anna", resume=resume)
    third = await crowd.patient(node, "anna", resume=resume)
    assert (second.welcome["resumed"], third.welcome["resumed"]) == (True, False)
    assert (await anna.closed(), await second.closed()) == (4502, 4502)


async def test_bad_input_7_public_ids_open_nothing(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    for public in (anna.welcome["session"], anna.ticket["ticket"], anna.welcome["person"]):
        bo = await crowd.patient(node, "bo", resume=public)
        assert not bo.welcome["resumed"]
        assert bo.welcome["session"] != anna.welcome["session"]
        assert await bo.errors("leave", ticket=public) == "no_ticket"
    assert (await anna.ask("find", queue=QUEUE))["state"] == "waiting"


async def test_bad_input_8_guessing_ids(start: Start, crowd: People) -> None:
    """Somebody else's and nobody's look the same, and guesses come slowly."""
    node = await start(messages_per_s=20)
    anna = await crowd.waiting(node, "anna")
    bo = await crowd.patient(node, "bo")
    guesses = [anna.ticket["ticket"], *(secrets.token_urlsafe(16) for _ in range(49))]
    began = asyncio.get_running_loop().time()
    answers = [await bo.ask("leave", ticket=guess) for guess in guesses]
    assert {json.dumps({**each, "re": 0}) for each in answers} == {
        json.dumps({**answers[-1], "re": 0})
    }
    assert answers[0]["code"] == "no_ticket"
    assert asyncio.get_running_loop().time() - began > 0.9  # three seconds' worth: one is whole
    assert (await anna.ask("find", queue=QUEUE))["state"] == "waiting"


CLINICIANS_OWN: list[tuple[str, Message]] = [
    ("ready", {"queues": [QUEUE]}),
    ("pause", {}),
    ("pull", {"key": "k"}),
    ("board", {"queue": QUEUE}),
    ("pull_ticket", {"queue": QUEUE, "ticket": "t", "key": "k", "reason": "r"}),
    ("take_over", {"queue": QUEUE, "visit": "v", "key": "k"}),
    ("read_intake", {"visit": "v", "epoch": 1}),
    ("give_back", {"visit": "v", "epoch": 1}),
    ("ring_again", {"visit": "v", "epoch": 1}),
]


async def test_bad_input_9_a_patient_plays_clinician(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    before = await version(node)
    for kind, fields in CLINICIANS_OWN:
        assert await anna.errors(kind, **fields) == "forbidden"
    for kind in ("join", "find"):
        assert await doctor.errors(kind, queue=QUEUE) == "forbidden"
    assert await version(node) == before


async def test_bad_input_9_the_provider_is_the_tokens(
    node: Served, start: Start, crowd: People
) -> None:
    """No field, header or path names another one."""
    other = await start(demo_provider="other-care")
    anna = await crowd.waiting(node, "anna")
    theirs = await crowd.clinician(other)
    await theirs.ask("ready", queues=[QUEUE])
    assert await theirs.errors("pull", key="k") == "nobody_waiting"
    for field in ("provider", "tenant"):
        extra = {field: node.node.settings.demo_provider}
        assert await theirs.errors("pull", key="k2", **extra) == "bad_message"
    assert (await anna.ask("find", queue=QUEUE))["place"]["position"] == 1


async def test_bad_input_10_a_patient_listens_to_another(node: Served, crowd: People) -> None:
    """Nothing of a call is in any frame that is not for that person."""
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(node, "bo")
    await anna.ask("intake", ticket=anna.ticket["ticket"], text="it hurts")
    doctor = await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    visit = {"visit": doctor.visit["id"], "epoch": doctor.visit["epoch"]}
    assert await bo.errors("answer", ticket=anna.ticket["ticket"], epoch=1) == "no_ticket"
    assert await bo.errors("hang_up", **visit) == "no_visit"
    assert await bo.errors("offer", **visit, generation=1, sdp="v=0\r\n") == "no_visit"
    assert await bo.errors("read_intake", **visit) == "forbidden"
    await bo.until_position(1)
    told = json.dumps(bo.frames)
    for secret in (anna.ticket["ticket"], anna.welcome["person"], visit["visit"], "it hurts"):
        assert secret not in told


async def test_bad_input_11_one_person_draws_and_draws(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    tickets = {(await anna.join())["ticket"] for _ in range(20)}
    assert len(tickets) == 1
    assert await version(node) == 1
    for number in range(20):
        assert await anna.errors("join", queue=f"made-up-{number}") == "unknown_queue"
    assert len(await node.node.store.queues()) <= 1 + len(
        [ref for ref in await node.node.store.queues() if ref.provider != anna_provider(node)]
    )


def anna_provider(node: Served) -> str:
    return node.node.settings.demo_provider


async def test_bad_input_12_sockets_that_say_nothing(start: Start, crowd: People) -> None:
    """A cap, 503 beyond it, and each is gone after the time for `hello`."""
    node = await start(max_ungreeted_per_address=20, hello_timeout_ms=300)
    bo = await crowd.waiting(node, "bo")
    silent: list[Driver] = []
    refused = 0
    for _ in range(60):
        try:
            silent.append(await crowd.connect(node))
        except WSServerHandshakeError as error:
            refused += error.status == 503
    assert refused + len(silent) == 60
    assert refused >= 20
    await prompt(bo)
    assert {await each.closed() for each in silent} == {4005}
    async with asyncio.timeout(5):
        while len(node.node.connections) > 1:
            await prompt(bo)


async def test_bad_input_13_slow_heads_and_slow_frames(
    start: Start, crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kolapp_signalling.app._HEAD_S", 0.3)
    node = await start(hello_timeout_ms=300)
    bo = await crowd.waiting(node, "bo")
    async with raw_socket(node.url, upgraded=False) as head, raw_socket(node.url) as body:
        await head.send(b"GET /ws HTTP/1.1\r\nHost: x\r\n")
        await body.send(frame(TEXT, b'{"type":"hello"', final=False))
        dripping = asyncio.create_task(drip(head.writer, body.writer))
        try:
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):  # what dripped unread at the end
                    assert await head.reader.read() == b""
            assert await body.closed() == 4005
        finally:
            dripping.cancel()
            await asyncio.wait([dripping])
    await prompt(bo)


async def drip(head: asyncio.StreamWriter, body: asyncio.StreamWriter) -> None:
    """Signs of life that lead nowhere."""
    while True:
        head.write(b"X-Slow: 1\r\n")
        body.write(frame(0, b" ", final=False))
        await asyncio.sleep(0.05)


# 14 and 15, frames that break RFC 6455 and compression bombs: test_frames.py.


async def test_bad_input_15_compression_is_not_spoken(node: Served) -> None:
    extension = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    async with raw_socket(node.url, **extension) as raw:  # accepts no extension in the answer
        await raw.send(frame(TEXT, b"\x00" * 100, reserved=4))
        assert await raw.closed() == 1002


@pytest.mark.parametrize("what", ["pings", "messages", "nonsense"])
async def test_bad_input_16_a_flood(node: Served, crowd: People, what: str) -> None:
    """It is read slowly or closed, and nobody else waits for it."""
    bo = await crowd.waiting(node, "bo")
    one = {
        "pings": frame(PING, b"x" * 100),
        "messages": frame(TEXT, b'{"type":"queues","id":5}'),
        "nonsense": frame(TEXT, b"{"),
    }[what]
    async with raw_socket(node.url) as raw:
        number = await raw.say("hello", token=crowd.token(node, "patient", "anna"))
        await raw.reply_to(number)
        flooding = asyncio.create_task(flood(raw.writer, one))
        for _ in range(10):
            await prompt(bo)
        assert await raw.closed() in (4505, 4503, None)
        flooding.cancel()
        await asyncio.wait([flooding])
    await prompt(bo)


async def flood(writer: asyncio.StreamWriter, one: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            writer.write(one * 100)
            await writer.drain()


# 17, what is no message: test_connection.py, test_wire.py and the fuzz in test_fuzz.py.


NASTY = [
    "a\r\nFORGED LINE",
    "\x1b[2J\x1b[31m",
    "a\x00b",
    "\u202eevil",
    "x" * 60_000,
    "\ud7ff\u2028",
]


async def test_bad_input_18_texts_that_forge_log_lines(node: Served, crowd: People) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLines())
    logging.getLogger().addHandler(handler)
    try:
        anna = await crowd.waiting(node, "anna")
        for text in NASTY:
            for kind, field in (("join", "queue"), ("leave", "ticket"), ("find", "signed")):
                fields = {"queue": QUEUE} if kind == "find" else {}
                reply = await anna.ask(kind, **{**fields, field: text})
                assert reply["type"] in ("error", "ticket")
                assert len(json.dumps(reply)) < 4_000
    finally:
        logging.getLogger().removeHandler(handler)
    assert "FORGED" not in written.getvalue()
    assert "\x1b" not in written.getvalue()


@pytest.mark.parametrize(
    "name", ["a}{b", "*", "a:b", "a\nb", "{drop-in}", "drop-in\x00", "é", "a b"]
)
async def test_bad_input_19_names_that_are_keys(node: Served, crowd: People, name: str) -> None:
    anna, doctor = await crowd.patient(node, "anna"), await crowd.clinician(node)
    before = await version(node)
    assert await anna.errors("join", queue=name) == "bad_message"
    assert await anna.errors("find", queue=name) == "bad_message"
    assert await doctor.errors("ready", queues=[name]) == "bad_message"
    assert await version(node) == before


# 28, forged X-Forwarded-For: test_doorkeeper.py and test_forwarded.py.


async def test_bad_input_29_the_store_is_nobody_elses(tmp_path: Path) -> None:
    """A socket in a directory of its owner's, and no port."""
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    try:
        server.wait_ready(20)
        [socket] = (tmp_path / "store").rglob("*.sock")
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
        async with Redis(unix_socket_path=str(socket)) as redis:
            assert (await redis.config_get("port"))["port"] == "0"
    finally:
        server.stop()
    assert kept_random(tmp_path / "keys", "secret")
    assert stat.S_IMODE((tmp_path / "keys" / "secret").stat().st_mode) == 0o600


async def test_bad_input_30_forged_hints(own_store_url: str, start: Start, crowd: People) -> None:
    """Whoever can publish can at most make a node look."""
    node = await start(store_url=own_store_url)
    anna = await crowd.waiting(node, "anna")
    async with Redis.from_url(own_store_url) as redis:
        channels = await redis.pubsub_channels()
        assert channels
        ticket = anna.ticket["ticket"]
        for forged in (b"", b"\xc1", b"x" * 100_000, json.dumps({"ticket": ticket}).encode()):
            for channel in channels:
                await redis.publish(channel, forged)
    await crowd.waiting(node, "bo")
    await anna.until(lambda anna: anna.ticket["place"]["waiting"] == 2)
    assert (anna.state, anna.position) == ("waiting", 1)
