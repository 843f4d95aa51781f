"""The door of the REST operations: token, role, body in; JSON or a `Problem` out.

An operation is a line of a table (`operator_rest.py`), which the documents are made from too. The
provider and the right to ask come from the token alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import hdrs, web
from kolapp_queue.errors import BadCode, QueueError

from . import log
from .app_keys import NODE
from .assembly import SignallingNode
from .auth import BadToken, Identity
from .codes import ERROR_TEXT, ErrorCode
from .forwarded import address_of
from .gate import Refused
from .operator_messages import Problem
from .refusals import QUEUE_CODES
from .roles import Role
from .wire import BadMessage, decode_body

PREFIX = "/api/v1"
_BODY_S = 5.0  # the body of a request must arrive within this
_SCHEME = "bearer "
_RETRY_S = "1"  # told to who finds the store away

STATUS: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.BAD_MESSAGE: HTTPStatus.BAD_REQUEST,
    ErrorCode.BAD_TOKEN: HTTPStatus.UNAUTHORIZED,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.BAD_CODE: HTTPStatus.FORBIDDEN,
    ErrorCode.UNKNOWN_QUEUE: HTTPStatus.NOT_FOUND,
    ErrorCode.NO_VISIT: HTTPStatus.NOT_FOUND,
    ErrorCode.WRONG_STATE: HTTPStatus.CONFLICT,
    ErrorCode.STALE_EPOCH: HTTPStatus.CONFLICT,
    ErrorCode.GUESTS_FULL: HTTPStatus.CONFLICT,
    ErrorCode.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operation is asked, and by whom: a pseudonym, and the care unit of the token; all
    empty where it asks for none."""

    node: SignallingNode
    provider: str
    who: str
    unit: str
    named: Mapping[str, str]  # what the path names; nothing of it is looked up yet
    body: Any = None  # of the operation's type

    @property
    def queue(self) -> str:
        return self.named.get("queue", "")


@dataclass(frozen=True, slots=True)
class Operation:
    """`act` raises Refused, BadMessage or QueueError. Every operation may be asked again."""

    name: str
    method: str
    path: str  # below PREFIX
    text: str
    act: Callable[[Asked], Awaitable[msgspec.Struct]]
    role: Role | None  # None: of everybody, also without a token
    answer: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None


def rest_routes(operations: Iterable[Operation]) -> list[web.AbstractRouteDef]:
    table = [web.route(each.method, PREFIX + each.path, _handler(each)) for each in operations]
    return [*table, web.route(hdrs.METH_ANY, PREFIX + "{rest:(/.*)?}", _no_operation)]


async def _no_operation(request: web.Request) -> web.Response:
    """A route and no middleware: that would hold something for every open WebSocket."""
    methods: set[str] = set()
    for resource in request.app.router.resources():
        methods |= (await resource.resolve(request))[1]
    allowed = ", ".join(sorted(methods - {hdrs.METH_ANY}))
    if allowed:
        detail, status = f"This takes {allowed}.", HTTPStatus.METHOD_NOT_ALLOWED
    else:
        detail, status = "There is no such operation.", HTTPStatus.NOT_FOUND
    outcome, response = _problem(ErrorCode.BAD_MESSAGE, detail, status=status)
    if allowed:
        response.headers[hdrs.ALLOW] = allowed
    request.app[NODE].metrics.operations.labels("none", outcome).inc()
    return response


def _handler(operation: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        node = request.app[NODE]
        outcome, response = await _answered(operation, node, request)
        node.metrics.operations.labels(operation.name, outcome).inc()
        return response

    return handle


async def _answered(
    operation: Operation, node: SignallingNode, request: web.Request
) -> tuple[str, web.Response]:
    """How it went, in the word of the metrics, and what to send."""
    try:
        asked = await _asked(operation, node, request)
        return "done", _json(await operation.act(asked))
    except BadToken:
        node.metrics.bad_tokens.inc()
        await asyncio.sleep(node.entrance.doorkeeper.failed(address_of(request)))
        return _problem(ErrorCode.BAD_TOKEN)
    except BadCode:
        await asyncio.sleep(node.entrance.doorkeeper.failed(address_of(request)))
        return _problem(ErrorCode.BAD_CODE)
    except Refused as refused:
        return _problem(refused.code, field=refused.field)
    except BadMessage as bad:
        return _problem(ErrorCode.BAD_MESSAGE, bad.text, bad.field)
    except web.HTTPException as wrong:  # the body is too large or too slow
        return _problem(ErrorCode.BAD_MESSAGE, f"{wrong.reason}.", status=HTTPStatus(wrong.status))
    except Exception as failure:
        if (code := _refused(failure)) is not None:
            return _problem(code)
        log.event(logging.ERROR, "An operation failed.", error=failure)
        return _problem(ErrorCode.INTERNAL)


def _refused(failure: Exception) -> ErrorCode | None:
    """The code of what the queue refuses on purpose; None: this is a fault of ours."""
    code = QUEUE_CODES.get(type(failure)) if isinstance(failure, QueueError) else None
    return code if code in STATUS else None


def _problem(
    code: ErrorCode, detail: str = "", field: str = "", status: HTTPStatus | None = None
) -> tuple[str, web.Response]:
    message = f"{ERROR_TEXT[code]} {detail}".strip()
    return code.value, _json(Problem(code.value, message, field), status or STATUS[code])


async def _asked(operation: Operation, node: SignallingNode, request: web.Request) -> Asked:
    who = ("", "", "")
    if operation.role is not None:
        identity = await _identity(node, request)
        if identity.role != operation.role:
            raise Refused(ErrorCode.FORBIDDEN)
        pseudonym = identity.patient_key(node.settings.identity_pepper)
        who = (identity.provider, pseudonym, identity.grants.profile.unit)
    body = None if operation.body is None else decode_body(await _body(request), operation.body)
    return Asked(node, *who, dict(request.match_info), body)


async def _identity(node: SignallingNode, request: web.Request) -> Identity:
    """RFC 6750, 2.1; a token in an address would be in every log on the way."""
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    if given[: len(_SCHEME)].lower() != _SCHEME:
        raise BadToken
    return await node.entrance.identities.identify(given[len(_SCHEME) :].strip())


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_BODY_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _json(content: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers[hdrs.RETRY_AFTER] = _RETRY_S
    body = msgspec.json.encode(content)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
