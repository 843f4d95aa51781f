"""Somebody who asks a signalling node over REST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from kolapp_signalling.app import Served
from kolapp_signalling.development import demo_token
from kolapp_signalling.rest import PREFIX


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class RestClient:
    """With the token of a demo operator of the node's provider, unless another one is given."""

    def __init__(self, http: ClientSession, node: Served, token: str | None = None) -> None:
        self._http = http
        self._url = node.url + PREFIX
        self._token = demo_token(node.node.settings, "operator", "op") if token is None else token

    async def ask(
        self, method: str, path: str, body: dict[str, Any] | bytes | None = None, **options: Any
    ) -> Answer:
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Authorization": f"Bearer {self._token}"} | options.pop("headers", {})
        async with self._http.request(
            method, self._url + path, headers=headers, **content, **options
        ) as response:
            return Answer(response.status, dict(response.headers), await response.json())
