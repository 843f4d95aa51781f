from __future__ import annotations

import asyncio
import ssl
import warnings
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession
from drivers import People
from kolapp_queue.errors import StoreUnavailable
from kolapp_signalling.app import serving
from kolapp_signalling.lan import kept_certificate
from kolapp_signalling.settings import Settings


async def test_a_node_that_stops_tells_everybody_to_connect_again(
    settings: Settings, crowd: People
) -> None:
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(serving(settings))
        anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
        stranger = await crowd.connect(node)
        everybody = [each.closed() for each in (anna, doctor, stranger)]
        _, *codes = await asyncio.gather(stack.aclose(), *everybody)
    assert codes == [4000] * 3

    async with serving(settings) as again:
        anna = await crowd.patient(again, "anna")
        await anna.until_position(1)
        assert anna.ticket["number"] == 1
        await anna.ws.close()


async def test_without_a_store_a_node_does_not_start(settings: Settings, tmp_path: Path) -> None:
    queue = replace(settings.queue, command_timeout_ms=100)
    nowhere = replace(settings, store_url=f"unix://{tmp_path}/nothing.sock", queue=queue)
    with pytest.raises(StoreUnavailable):
        async with serving(nowhere):
            pass


async def test_a_node_serves_over_tls(settings: Settings, tmp_path: Path) -> None:
    certificate, key = kept_certificate(tmp_path, "127.0.0.1", datetime.now(UTC))
    async with (
        serving(replace(settings, tls_cert=certificate, tls_key=key)) as node,
        ClientSession() as session,
        session.get(node.url + "/healthz", ssl=False) as response,
    ):
        assert node.url.startswith("https://127.0.0.1:")
        assert response.status == 200
        with pytest.raises(ClientConnectionError):
            await session.get(node.url + "/healthz", ssl=old_tls())


def old_tls() -> ssl.SSLContext:
    """A client that speaks nothing newer than TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
