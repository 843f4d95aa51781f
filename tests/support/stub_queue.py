"""A server of one queue in memory that keeps the public protocol and nothing else: with a known
delay, and with faults on demand, to see whether the load generator reports them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientError, web
from kolapp_loadtest.wire import MSGPACK, Message
from stub_server import Socket, accept, at_free_port, welcome


class StubQueue:
    """`delay_s` before everything it sends; every `loses`th ticket is forgotten; `swaps` takes the
    last instead of the first at every so many pulls; `doubles` gives every so many pulls the visit
    of the pull before."""

    def __init__(
        self, delay_s: float = 0.0, loses: int = 0, swaps: int = 0, doubles: int = 0
    ) -> None:
        self.url = ""
        self.delays_s: list[float] = []  # as they really were: a busy machine wakes late
        self._delay_s = delay_s
        self._loses, self._swaps, self._doubles = loses, swaps, doubles
        self._ids = itertools.count(1)
        self._version = itertools.count(1)
        self._drawn = itertools.count(1)
        self._pulls = itertools.count(1)
        self._waiting: list[dict[str, Any]] = []
        self._visits: dict[str, dict[str, Any]] = {}
        self._last = ""
        self._clinicians: list[dict[str, Any]] = []
        self._late: set[asyncio.Task[None]] = set()

    async def token(self, request: web.Request) -> web.Response:
        return web.json_response({"token": (await request.json())["role"]})

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = await accept(request)
        me: dict[str, Any] = {"socket": socket, "ticket": None, "visit": None, "on_duty": False}
        async for frame in socket:
            message = MSGPACK.decode(frame.data)
            reply = getattr(self, f"_{message['type']}")(me, message)
            self._say(socket, {"re": message["id"], **reply})
        self._left(me)
        return socket

    async def close(self) -> None:
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    def _left(self, me: dict[str, Any]) -> None:
        self._clinicians = [one for one in self._clinicians if one is not me]
        self._waiting = [one for one in self._waiting if one is not me]
        if me.get("state") == "called":
            clinician = me["clinician"]
            clinician["visit"] = None
            self._say(clinician["socket"], self._duty(clinician))

    # Verbs

    def _hello(self, me: dict[str, Any], message: Message) -> Message:
        me["role"] = message["token"]
        return welcome(next(self._ids), me["role"], "stub")

    def _ping(self, me: dict[str, Any], message: Message) -> Message:
        return {"type": "pong"}

    def _join(self, me: dict[str, Any], message: Message) -> Message:
        number = next(self._drawn)
        me |= {"ticket": f"t{number}", "number": number, "state": "waiting", "call": None}
        if not self._loses or number % self._loses:
            self._waiting.append(me)
            self._tell_desks()
        else:
            me["forgotten"] = True
        return self._ticket(me)

    def _find(self, me: dict[str, Any], message: Message) -> Message:
        return self._gone() if me.get("forgotten") or not me["ticket"] else self._ticket(me)

    def _leave(self, me: dict[str, Any], message: Message) -> Message:
        if me.get("forgotten"):
            return self._gone()
        me["state"] = "left"
        if me in self._waiting:
            self._waiting.remove(me)
        return self._ticket(me) | {"reason": "left"}

    def _ready(self, me: dict[str, Any], message: Message) -> Message:
        me["on_duty"] = True
        self._clinicians.append(me)
        return self._duty(me)

    def _pause(self, me: dict[str, Any], message: Message) -> Message:
        return self._duty(me)

    def _pull(self, me: dict[str, Any], message: Message) -> Message:
        if not self._waiting:
            return {"type": "error", "code": "nobody_waiting", "message": "Nobody."}
        number = next(self._pulls)
        last = bool(self._swaps) and number % self._swaps == 0
        patient = self._waiting.pop(-1 if last else 0)
        again = bool(self._doubles) and number % self._doubles == 0 and self._last
        visit = self._last if again else f"v{number}"
        self._last = visit
        me["visit"] = {"id": visit, "epoch": 1, "state": "called", "queue": "q"}
        me["visit"] |= {"number": patient["number"], "media_epoch": 1, "participants": []}
        patient |= {"state": "called", "visit": dict(me["visit"]), "clinician": me}
        patient["call"] = {"visit": visit, "epoch": 1, "answer_within_ms": 45_000}
        me["patient"] = patient
        self._say(patient["socket"], self._ticket(patient))
        return self._duty(me)

    def _answer(self, me: dict[str, Any], message: Message) -> Message:
        me |= {"state": "in_visit", "call": None}
        clinician = me["clinician"]
        clinician["visit"]["state"] = "live"
        self._say(clinician["socket"], self._duty(clinician))
        return self._ticket(me)

    def _hang_up(self, me: dict[str, Any], message: Message) -> Message:
        patient = me["patient"]
        patient |= {"state": "completed", "visit": None}
        me["visit"] = None
        self._say(patient["socket"], self._ticket(patient))
        return self._duty(me)

    # What is sent

    @staticmethod
    def _gone() -> Message:
        return {"type": "error", "code": "no_ticket", "message": "No ticket."}

    def _ticket(self, me: dict[str, Any]) -> Message:
        place = {"position": 1, "waiting": 1, "wait": {"known": False, "low_s": 0, "high_s": 0}}
        return {
            "type": "ticket", "version": next(self._version), "ticket": me["ticket"],
            "queue": "q", "number": me["number"], "state": me["state"],
            "place": place if me["state"] == "waiting" else None, "call": me["call"],
            "visit": me["visit"] if me["state"] == "in_visit" else None,
        }  # fmt: skip

    def _duty(self, me: dict[str, Any]) -> Message:
        return {
            "type": "duty", "version": next(self._version), "on_duty": me["on_duty"],
            "queues": self._loads(), "serves": ["q"], "visit": me["visit"] and dict(me["visit"]),
        }  # fmt: skip

    def _loads(self) -> list[Message]:
        return [{"name": "q", "title": "Q", "waiting": len(self._waiting), "on_duty": 1}]

    def _tell_desks(self) -> None:
        for one in self._clinicians:
            self._say(one["socket"], self._duty(one))

    def _say(self, socket: Socket, message: Message) -> None:
        task = asyncio.create_task(self._later(socket, message))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _later(self, socket: Socket, message: Message) -> None:
        asked_s = time.perf_counter()
        await asyncio.sleep(self._delay_s)
        self.delays_s.append(time.perf_counter() - asked_s)
        with suppress(ClientError, ConnectionError):
            await socket.send_bytes(MSGPACK.encode(message))


@asynccontextmanager
async def stub_queue(**how: Any) -> AsyncIterator[StubQueue]:
    stub = StubQueue(**how)
    routes = [web.get("/ws", stub.socket), web.post("/demo/token", stub.token)]
    async with at_free_port(*routes) as stub.url:
        try:
            yield stub
        finally:
            await stub.close()
