"""A patient and a clinician who speak the protocol frame by frame, in either encoding.

They read only when they wait for something, so a test sees every frame in its order and nothing
runs beside it. They send whatever they are told to, also what no client should.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import msgpack
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from kolapp_signalling.app import Served
from kolapp_signalling.development import demo_token
from kolapp_signalling.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK

QUEUE = "drop-in"
DEADLINE_S = 20.0
ENCODINGS = (SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK)

Message = dict[str, Any]
Start = Callable[..., Awaitable[Served]]  # starts a node with other settings


class Closed(Exception):
    """The server closed the connection; the argument is the code."""


class Driver:
    """One connection. `ticket`, `duty` and `guest` are the last snapshots that came, replies
    included."""

    def __init__(self, ws: ClientWebSocketResponse, subprotocol: str) -> None:
        self.ws = ws
        self.binary = subprotocol == SUBPROTOCOL_MSGPACK
        self.token = ""  # of the last hello
        self.welcome: Message = {}
        self.ticket: Message = {}
        self.duty: Message = {}
        self.guest: Message = {}
        self.frames: list[Message] = []  # everything that came, in order
        self._ids = itertools.count(1)

    # Frames

    def encode(self, message: Message) -> bytes:
        return msgpack.packb(message) if self.binary else json.dumps(message).encode()

    async def send_raw(self, data: bytes, binary: bool | None = None) -> None:
        binary = self.binary if binary is None else binary
        await self.ws.send_frame(data, WSMsgType.BINARY if binary else WSMsgType.TEXT)

    async def send(self, kind: str, /, **fields: Any) -> int:
        number = next(self._ids)
        await self.send_raw(self.encode({"type": kind, "id": number, **fields}))
        return number

    async def receive(self) -> Message:
        """The next message. Raises Closed."""
        frame = await self.ws.receive()
        if frame.type is WSMsgType.TEXT and not self.binary:
            message: Message = json.loads(frame.data)
        elif frame.type is WSMsgType.BINARY and self.binary:
            message = msgpack.unpackb(frame.data)
        else:
            raise Closed(self.ws.close_code)
        self.frames.append(message)
        if message["type"] in ("welcome", "ticket", "duty", "guest"):
            setattr(self, message["type"], message)
        return message

    # Requests and what comes of them

    async def ask(self, kind: str, /, **fields: Any) -> Message:
        """The one reply to a request, whatever comes before it."""
        return await self.reply_to(await self.send(kind, **fields))

    async def reply_to(self, number: int | None) -> Message:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self.receive()
                if message.get("re") == number and ("re" in message or message["type"] == "error"):
                    return message

    async def until(self, seen: Callable[[Driver], object], deadline_s: float = DEADLINE_S) -> None:
        """Read until `seen(self)` is true."""
        async with asyncio.timeout(deadline_s):
            while not seen(self):
                await self.receive()

    async def closed(self, deadline_s: float = DEADLINE_S) -> int:
        """Read on until the server closes; its code."""
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    await self.receive()
        except Closed:
            return int(self.ws.close_code or 0)

    async def errors(self, kind: str, /, **fields: Any) -> str:
        """The code of the error that answers this request."""
        reply = await self.ask(kind, **fields)
        assert reply["type"] == "error", reply
        assert reply["message"]
        return str(reply["code"])

    async def hello(self, token: str, **fields: Any) -> Message:
        self.token = token
        return await self.ask("hello", token=token, **fields)

    # What snapshots say

    @property
    def position(self) -> int:
        return int((self.ticket.get("place") or {}).get("position", 0))

    @property
    def state(self) -> str:
        return str(self.ticket.get("state", ""))

    @property
    def visit(self) -> Message:
        """Of whatever snapshot this person has; {} without one."""
        return (self.duty or self.ticket or self.guest).get("visit") or {}

    async def until_position(self, position: int) -> None:
        await self.until(lambda driver: driver.position == position)

    async def until_state(self, state: str) -> None:
        await self.until(lambda driver: driver.state == state)

    async def until_state_whenever(self, state: str) -> None:
        """Without a deadline: the caller has one."""
        while self.state != state:
            await self.receive()

    # The usual steps

    async def join(self, queue: str = QUEUE) -> Message:
        return await self.ask("join", queue=queue)

    async def pull(self, key: str = "key-1") -> Message:
        """Ready and pull: the duty with the visit."""
        await self.ask("ready", queues=[QUEUE])
        return await self.ask("pull", key=key)

    async def answer(self) -> Message:
        await self.until_state("called")
        epoch = self.ticket["call"]["epoch"]
        return await self.ask("answer", ticket=self.ticket["ticket"], epoch=epoch)


class People:
    """Opens connections to nodes for people with demo tokens; closes them all at the end."""

    def __init__(self, session: ClientSession, subprotocol: str) -> None:
        self._session = session
        self.subprotocol = subprotocol
        self._opened: list[ClientWebSocketResponse] = []

    async def connect(self, at: Served, subprotocol: str = "", **options: Any) -> Driver:
        """A socket that has said nothing yet."""
        subprotocol = subprotocol or self.subprotocol
        ws = await self._session.ws_connect(
            at.url + "/ws", protocols=(subprotocol,), max_msg_size=0, **options
        )
        self._opened.append(ws)
        return Driver(ws, subprotocol)

    async def enter(self, at: Served, role: str, name: str, **hello: Any) -> Driver:
        driver = await self.connect(at)
        welcome = await driver.hello(self.token(at, role, name), **hello)
        assert welcome["type"] == "welcome", welcome
        return driver

    def token(self, at: Served, role: str, name: str) -> str:
        return demo_token(at.node.settings, role, name)

    async def with_claims(self, at: Served, role: str, name: str, **claims: Any) -> Driver:
        """Somebody whose token says more than a demo token does."""
        driver = await self.connect(at)
        key = (at.node.settings.data_dir / "keys" / "demo-signing.pem").read_bytes()
        plain = jwt.decode(self.token(at, role, name), options={"verify_signature": False})
        token = jwt.encode(plain | claims, key, algorithm="EdDSA")
        assert (await driver.hello(token))["type"] == "welcome"
        return driver

    async def patient(self, at: Served, name: str, **hello: Any) -> Driver:
        return await self.enter(at, "patient", name, **hello)

    async def waiting(self, at: Served, name: str) -> Driver:
        """A patient who has joined."""
        patient = await self.patient(at, name)
        await patient.join()
        return patient

    async def clinician(self, at: Served, name: str = "doctor", **hello: Any) -> Driver:
        return await self.enter(at, "clinician", name, **hello)

    async def close(self) -> None:
        for ws in self._opened:
            await ws.close()


@asynccontextmanager
async def people(subprotocol: str) -> AsyncIterator[People]:
    async with ClientSession() as session:
        everybody = People(session, subprotocol)
        try:
            yield everybody
        finally:
            await everybody.close()


async def until_media(node: Served) -> None:
    """Until this node has found a media node."""
    async with asyncio.timeout(DEADLINE_S):
        while not node.node.media.connected:  # noqa: ASYNC110  # a counter tells nobody
            await asyncio.sleep(0)
