"""The door in front of every operation: who may pass, and what is said to who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from drivers import People, Start
from kolapp_queue.errors import StoreUnavailable
from kolapp_signalling.app import Served
from kolapp_signalling.codes import ERROR_TEXT, ErrorCode
from kolapp_signalling.operator_rest import OPERATIONS
from kolapp_signalling.rest import PREFIX, STATUS, Operation
from rest_client import RestClient

QUEUE = "/queues/drop-in"


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_nobody_but_the_role_gets_in(
    node: Served, http: ClientSession, crowd: People, operation: Operation
) -> None:
    path = operation.path.format(queue="drop-in")
    for role in ("patient", "clinician"):
        client = RestClient(http, node, crowd.token(node, role, "somebody"))
        answer = await client.ask(operation.method, path, {"text": "x"})
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
    for token in ("", "nonsense", crowd.token(node, "operator", "op")[:-4] + "AAAA"):
        answer = await RestClient(http, node, token).ask(operation.method, path, {"text": "x"})
        assert (answer.status, answer.body["code"]) == (401, "bad_token")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_anywhere_else_is_none(node: Served, http: ClientSession) -> None:
    client, token = RestClient(http, node), RestClient(http, node)._token
    for scheme in (f"Basic {token}", token, ""):
        answer = await client.ask("GET", "/queues", headers={"Authorization": scheme})
        assert answer.status == 401
    answer = await client.ask("GET", "/queues", headers={"Authorization": f"bEARER   {token} "})
    assert answer.status == 200  # RFC 9110, 11.1: the scheme's case says nothing
    assert answer.headers["Cache-Control"] == "no-store"
    answer = await RestClient(http, node, "").ask("GET", f"/queues?access_token={token}")
    assert answer.status == 401


async def test_an_operator_has_no_session(node: Served, crowd: People) -> None:
    driver = await crowd.connect(node)
    await driver.send("hello", token=crowd.token(node, "operator", "op"))
    assert await driver.closed() == 4501


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"hello?", ""),
        (b"[]", ""),
        (b'{"text":5}', "text"),
        (b'{"text":""}', "text"),
        (b'{"text":" \\n "}', "text"),
        (b'{"text":"a\\u0000b"}', "text"),
        (b'{"text":"\\ud800"}', ""),
        (b'{"text":"\xff"}', ""),
        (b'{"text":"' + b"x" * 501 + b'"}', "text"),
        (b"{}", "text"),
        (b'{"text":"a","html":"<b>"}', ""),
        (b'{"text":"a","text":"b"}', ""),
        (b'{"text":' + b"[" * 8_000, "text"),
    ],
)
async def test_a_bad_body_is_told_and_changes_nothing(
    node: Served, http: ClientSession, body: bytes, field: str
) -> None:
    client = RestClient(http, node)
    answer = await client.ask("PUT", f"{QUEUE}/notice", body)
    assert (answer.status, answer.body["code"]) == (400, "bad_message")
    assert answer.body["field"] == field
    assert ".py" not in answer.body["message"]
    assert (await client.ask("GET", QUEUE)).body["notice"] is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["", "/", "/queue", "/queues/drop-in/notices", "/../v1/x"])
async def test_what_is_no_operation_is_told_like_any_refusal(
    node: Served, http: ClientSession, method: str, path: str
) -> None:
    answer = await RestClient(http, node, "").ask(method, path)
    assert (answer.status, answer.body["code"]) == (404, "bad_message")
    assert "Allow" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/queues", "GET, HEAD"),
        ("PUT", QUEUE, "GET, HEAD"),
        ("GET", f"{QUEUE}/notice", "DELETE, PUT"),
        ("PATCH", f"{QUEUE}/closing", "DELETE, PUT"),
        ("OPTIONS", f"{QUEUE}/closing", "DELETE, PUT"),
    ],
)
async def test_a_method_that_an_operation_has_not_is_told_with_those_it_has(
    node: Served, http: ClientSession, method: str, path: str, allowed: str
) -> None:
    answer = await RestClient(http, node).ask(method, path, {})
    assert (answer.status, answer.body["code"]) == (405, "bad_message")
    assert (answer.headers["Allow"], answer.body["field"]) == (allowed, "")
    assert allowed in answer.body["message"]


async def test_a_body_that_is_too_large_is_not_read(node: Served, http: ClientSession) -> None:
    body = b'{"text":"' + b"x" * 10_000 + b'"}'
    answer = await RestClient(http, node).ask("PUT", f"{QUEUE}/notice", body)
    assert (answer.status, answer.body["code"]) == (413, "bad_message")


async def test_the_longest_word_fits_however_it_is_written(
    node: Served, http: ClientSession
) -> None:
    body = b'{"text":"' + b"\\ud83d\\ude00" * 500 + b'"}'
    answer = await RestClient(http, node).ask("PUT", f"{QUEUE}/notice", body)
    assert answer.body["notice"]["text"] == "\N{GRINNING FACE}" * 500


async def test_a_body_that_never_comes_is_not_waited_for(
    node: Served, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kolapp_signalling.rest._BODY_S", 0.05)
    host, port = node.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"PUT {PREFIX}{QUEUE}/notice HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
        f"Authorization: Bearer {RestClient(http, node)._token}\r\n\r\n"
    )
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"408"
        writer.write(b"too late.")
        writer.write_eof()
        assert b'"code":"bad_message"' in await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_a_store_that_is_away_is_told(
    node: Served, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any) -> None:
        raise StoreUnavailable("the store did not answer in time")

    monkeypatch.setattr(node.node.store, "set_notice", away)
    answer = await RestClient(http, node).ask("PUT", f"{QUEUE}/notice", {"text": "x"})
    assert (answer.status, answer.body["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_a_failure_of_ours_tells_nothing(
    node: Served,
    http: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*args: Any) -> None:
        raise RuntimeError("19121212-1212 at /srv/kolapp")

    monkeypatch.setattr(node.node.store, "set_notice", broken)
    answer = await RestClient(http, node).ask("PUT", f"{QUEUE}/notice", {"text": "x"})
    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert "19121212" not in str(answer.body) + caplog.text
    assert "An operation failed." in caplog.text


async def test_operations_are_counted_by_name_and_outcome(
    start: Start, http: ClientSession
) -> None:
    node = await start()
    client = RestClient(http, node)
    await client.ask("GET", QUEUE)
    await client.ask("GET", "/queues/nowhere")
    await RestClient(http, node, "nonsense").ask("GET", QUEUE)
    text = node.node.metrics.text().decode()
    for outcome in ("done", "unknown_queue", "bad_token"):
        name = f'kolapp_operations_total{{operation="read_queue",outcome="{outcome}"}}'
        assert f"{name} 1.0" in text
    assert "kolapp_bad_tokens_total 1.0" in text


def test_every_code_of_the_door_is_in_the_catalogue() -> None:
    assert set(STATUS) <= set(ERROR_TEXT)
    assert STATUS[ErrorCode.BAD_TOKEN] == 401
