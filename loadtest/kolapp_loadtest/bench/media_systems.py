"""The three media servers of the benchmark, each as what the load can call through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, Process
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

from aiohttp import ClientSession

from ..clinician import Clinician
from ..demo import demo_token
from ..errors import BenchFailed
from ..network import Network
from ..patient import Patient
from .machine import command_line, descendants
from .media_load import Pion
from .server import OwnServer
from .worker import Worker

QUEUE = "drop-in"


class System(Protocol):
    """A media server. `pids` are the processes whose CPU time is its cost."""

    name: str

    @property
    def pids(self) -> dict[str, int]: ...

    async def open(self, stack: AsyncExitStack, pion: Pion) -> None: ...

    async def call(self, number: int) -> None:
        """Connect the legs `{number}a` and `{number}b` with each other."""

    async def late(self) -> list[float] | None:
        """Delays that only the server itself knows; None when the load measures them."""


class Kolapp:
    """The whole system as it is used: numbers drawn, patients pulled, calls answered."""

    name = "kolapp"

    def __init__(self) -> None:
        self._server = OwnServer(
            {
                "KOLAPP_MEDIA_MAX_LEGS": "2000",
                "KOLAPP_MEDIA_NODES": "1",
                "KOLAPP_MEDIA_MOST_CPU": "1",  # the benchmark says when it breaks
                "KOLAPP_MEDIA_MOST_LATE": "10",
                "KOLAPP_SPARES": "no",
            }
        )
        self.first_patient: Patient  # once there is a call

    @property
    def pids(self) -> dict[str, int]:
        """The node."""
        return {
            f"media {pid}": pid
            for pid in descendants(self._server.pids()["supervisor"])
            if "media" in command_line(pid)
        }

    async def open(self, stack: AsyncExitStack, pion: Pion) -> None:
        self._stack, self._pion = stack, pion
        await stack.enter_async_context(self._server)
        self._network = await stack.enter_async_context(Network())

    async def call(self, number: int) -> None:
        url, network, enter = self._server.url, self._network, self._stack.enter_async_context
        token = await demo_token(network.session, url, "patient")
        patient = await enter(Patient(url, token, network=network))
        if not number:
            self.first_patient = patient
        await patient.join(QUEUE)
        token = await demo_token(network.session, url, "clinician")
        clinician = await enter(Clinician(url, token, network=network))
        await clinician.ready(QUEUE)
        await clinician.pull()
        await patient.until_called()
        await patient.answer()
        await clinician.until_live()
        for leg, person in ((f"{number}a", patient), (f"{number}b", clinician)):
            answer = await person.offer(await self._pion.offer(leg))
            await self._pion.accept(leg, answer["sdp"])

    async def late(self) -> list[float] | None:
        return None


class Relay:
    """aiortc's MediaRelay."""

    name = "mediarelay"

    def __init__(self) -> None:
        self._worker = Worker(f"{__package__}.media_relay")

    @property
    def pids(self) -> dict[str, int]:
        return {"relay": self._worker.pid}

    async def open(self, stack: AsyncExitStack, pion: Pion) -> None:
        self._pion = pion
        await stack.enter_async_context(self._worker)

    async def call(self, number: int) -> None:
        for leg in (f"{number}a", f"{number}b"):
            offer = await self._pion.offer(leg)
            sdp = await self._worker.call("answer", 30.0, call=str(number), sdp=offer)
            await self._pion.accept(leg, sdp)

    async def late(self) -> list[float] | None:
        found: list[float] = await self._worker.call("late", 30.0)
        return found


class Janus:
    """Debian's Janus with its VideoCall plugin: it relays between two, as we do. It skips
    loopback, so it needs a network of its own, in which the whole benchmark runs then."""

    name = "janus"
    _URL = "http://127.0.0.1:8088/janus"

    def __init__(self) -> None:
        self._process: Process | None = None

    @staticmethod
    def is_installed() -> bool:
        return shutil.which("janus") is not None

    @property
    def pids(self) -> dict[str, int]:
        assert self._process is not None
        return {"janus": self._process.pid}

    async def open(self, stack: AsyncExitStack, pion: Pion) -> None:
        self._pion = pion
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        _configure(Path(directory))
        self._process = await asyncio.create_subprocess_exec(
            "janus", "--configs-folder", directory, "--disable-colors", "--debug-level=2",
            stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, process_group=0,
        )  # fmt: skip
        stack.push_async_callback(self._stop, self._process)
        self._http = await stack.enter_async_context(ClientSession())
        async with asyncio.timeout(15):
            while not await self._is_up():  # noqa: ASYNC110  # another program, that tells nobody
                await asyncio.sleep(0.1)

    async def _stop(self, process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

    async def _is_up(self) -> bool:
        with contextlib.suppress(OSError):
            async with self._http.get(f"{self._URL}/info") as response:
                return response.status == 200
        return False

    async def call(self, number: int) -> None:
        caller, callee = [await self._handle() for _ in range(2)]
        names = [f"{number}{side}{secrets.token_hex(4)}" for side in "ab"]
        for handle, name in zip((caller, callee), names, strict=True):
            await self._ask(handle, {"request": "register", "username": name})
            await self._event(handle, "registered")
        offer = {"type": "offer", "sdp": await self._pion.offer(f"{number}a")}
        await self._ask(caller, {"request": "call", "username": names[1]}, offer)
        theirs = await self._event(callee, "incomingcall")
        answer = await self._pion.answer(f"{number}b", theirs["jsep"]["sdp"])
        await self._ask(callee, {"request": "accept"}, {"type": "answer", "sdp": answer})
        accepted = await self._event(caller, "accepted")
        await self._pion.accept(f"{number}a", accepted["jsep"]["sdp"])
        await self._pion.connected(f"{number}b")

    async def late(self) -> list[float] | None:
        return None

    async def _post(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        body = message | {"transaction": secrets.token_hex(6)}
        async with self._http.post(self._URL + path, json=body) as response:
            reply: dict[str, Any] = await response.json(content_type=None)
        if reply.get("janus") == "error":
            raise BenchFailed(f"janus: {json.dumps(reply['error'])}")
        return reply

    async def _handle(self) -> str:
        session = (await self._post("", {"janus": "create"}))["data"]["id"]
        attach = {"janus": "attach", "plugin": "janus.plugin.videocall"}
        handle = (await self._post(f"/{session}", attach))["data"]["id"]
        return f"/{session}/{handle}"

    async def _ask(
        self, handle: str, body: dict[str, Any], jsep: dict[str, Any] | None = None
    ) -> None:
        message: dict[str, Any] = {"janus": "message", "body": body}
        await self._post(handle, message | ({"jsep": jsep} if jsep else {}))

    async def _event(self, handle: str, wanted: str) -> dict[str, Any]:
        """The next event of this name; a session's events come one a request."""
        session = handle.split("/")[1]
        async with asyncio.timeout(20):
            while True:
                async with self._http.get(f"{self._URL}/{session}") as response:
                    event: dict[str, Any] = await response.json(content_type=None)
                result = event.get("plugindata", {}).get("data", {}).get("result", {})
                if result.get("event") == wanted:
                    return event


def _configure(directory: Path) -> None:
    for path in Path("/etc/janus").glob("*.jcfg"):
        shutil.copy(path, directory)
    (directory / "janus.jcfg").write_text(
        'general: { admin_secret = "none", session_timeout = 0 }\n'
        'media: { rtp_port_range = "20000-60000" }\n'
        "nat: { nice_debug = false, full_trickle = false }\n"
        "plugins: { disable = \""
        + ",".join(
            f"libjanus_{each}.so"
            for each in ("audiobridge", "duktape", "lua", "nosip", "recordplay", "sip",
                         "streaming", "textroom", "videoroom", "voicemail", "echotest")
        )
        + "\" }\ntransports: { disable = \"libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,"
        'libjanus_rabbitmq.so,libjanus_websockets.so" }\n'
    )  # fmt: skip


def own_network(command: list[str]) -> list[str]:
    """The command in a network of its own, with one address that is not loopback's."""
    steps = (
        "ip link set lo up && ip link add kolapp0 type veth peer name kolapp1 && "
        "ip addr add 10.77.0.1/24 dev kolapp0 && ip link set kolapp0 up && "
        'ip link set kolapp1 up && exec "$@"'
    )
    return ["unshare", "--net", "sh", "-c", steps, "sh", *command]


def may_have_own_network() -> bool:
    return os.geteuid() == 0 and shutil.which("unshare") is not None
