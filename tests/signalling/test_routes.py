from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import jwt
import pytest
from aiohttp import ClientError, ClientSession, web
from drivers import People, Start
from kolapp_queue.errors import StoreUnavailable
from kolapp_signalling.app import Served
from kolapp_signalling.frames import GuardedSocket
from kolapp_signalling.pages import PAGES


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_health_and_readiness(node: Served, http: ClientSession) -> None:
    for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        async with http.get(node.url + path) as response:
            assert (response.status, await response.text()) == (200, text)


async def test_a_node_whose_store_takes_no_writes_is_not_ready(
    node: Served, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*args: object, **named: object) -> None:
        raise StoreUnavailable("the store refuses writes")

    monkeypatch.setattr(node.node.store, "hold_node", refuses)
    async with http.get(node.url + "/readyz") as response:
        assert (response.status, await response.text()) == (503, "store unavailable\n")
    async with http.get(node.url + "/healthz") as response:
        assert response.status == 200


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_served_with_a_strict_policy(
    node: Served, http: ClientSession, path: str
) -> None:
    async with http.get(node.url + path) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "connect-src 'self' ws: wss:" in policy
        assert "worker-src 'self';" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_scripts_are_served_and_nothing_outside(node: Served, http: ClientSession) -> None:
    async with http.get(node.url + "/static/kolapp.js") as response:
        assert response.status == 200
        assert "javascript" in response.content_type
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static/..%2fapp.py"):
        async with http.get(node.url + path) as response:
            assert response.status in (403, 404)


async def test_metrics_count_people_and_requests(
    node: Served, http: ClientSession, crowd: People
) -> None:
    anna = await crowd.waiting(node, "anna")
    assert await anna.errors("pull", key="x") == "forbidden"
    async with http.get(node.url + "/metrics") as response:
        text = await response.text()
    assert 'kolapp_connections{role="patient"} 1.0' in text
    assert 'kolapp_requests_total{outcome="done",type="join"} 1.0' in text
    assert 'kolapp_requests_total{outcome="forbidden",type="pull"} 1.0' in text
    for name in ("anna", anna.welcome["session"], anna.ticket["ticket"]):
        assert name not in text


async def test_demo_tokens_are_of_somebody_new_or_of_the_same_again(
    node: Served, http: ClientSession
) -> None:
    async def subject(**wanted: str) -> str:
        async with http.post(node.url + "/demo/token", json=wanted) as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"
            token = (await response.json())["token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["role"] == wanted["role"]
        return str(claims["sub"])

    assert await subject(role="patient") != await subject(role="patient")
    named = {"role": "clinician", "name": "astrid"}
    assert await subject(**named) == await subject(**named)


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"{}", b'{"role":"admin"}', b'{"role":"patient","name":"a b"}']
)
async def test_a_wrong_request_for_a_token_is_told_so(
    node: Served, http: ClientSession, body: bytes
) -> None:
    async with http.post(node.url + "/demo/token", data=body) as response:
        assert response.status == 400
        assert "role" in (await response.json())["error"]


async def test_there_are_no_demo_tokens_where_keys_are_real(
    start: Start, http: ClientSession
) -> None:
    node = await start(demo=False)
    async with http.post(node.url + "/demo/token", json={"role": "patient"}) as response:
        assert response.status == 404
    async with http.get(node.url + "/") as response:  # nor the page that offers them
        assert response.status == 404
    async with http.get(node.url + "/patient") as response:
        assert response.status == 200


async def test_who_never_finishes_asking_is_closed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kolapp_signalling.app._HEAD_S", 0.2)
    node = await start()
    host, port = node.url.removeprefix("http://").split(":")
    for head in (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_who_is_gone_before_the_upgrade_leaves_no_line_in_the_log(
    node: Served,
    crowd: People,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare = GuardedSocket.prepare

    async def gone(ws: GuardedSocket, request: web.BaseRequest) -> object:
        assert request.transport is not None
        request.transport.abort()
        return await prepare(ws, request)

    with monkeypatch.context() as patch:
        patch.setattr(GuardedSocket, "prepare", gone)
        with pytest.raises(ClientError):
            await crowd.connect(node)
    await crowd.waiting(node, "anna")
    assert caplog.messages == []
