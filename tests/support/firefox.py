"""A stock Firefox, driven over WebDriver BiDi, as far as a test of WebRTC needs it.

Playwright drives only a Firefox of its own making; this one is the distribution's.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

PREFS = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,  # its microphone is a tone, and needs no device
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.block-webaudio": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "extensions.systemAddon.update.enabled": False,
}
LISTENING = b"WebDriver BiDi listening on "


def firefox_path() -> str:
    for name in ("firefox-esr", "firefox"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("Firefox is not installed; first: apt-get install firefox-esr")


class FirefoxPage:
    """`async with FirefoxPage() as page: await page.evaluate("(x) => x + 1", 2)`"""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    async def __aenter__(self) -> FirefoxPage:
        profile = Path(self._directory.name)
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFS.items()]
        (profile / "user.js").write_text("\n".join(lines))
        empty = profile / "empty.html"
        empty.write_text("<!doctype html><title>empty</title>")
        self.trusted = empty.as_uri()  # unlike about:blank it may use the microphone
        self._process = await asyncio.create_subprocess_exec(
            firefox_path(), "--headless", "--no-remote", "--profile", str(profile),
            "--remote-debugging-port", "0", "about:blank",
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
        )  # fmt: skip
        url = await self._listening(self._process)
        self._draining = asyncio.create_task(_drain(self._process))
        self._session = ClientSession()
        self._socket = await self._session.ws_connect(f"{url}/session", max_msg_size=0)
        self._reading = asyncio.create_task(self._read(self._socket))
        trusting = {"alwaysMatch": {"acceptInsecureCerts": True}}  # those of `--lan`
        await self._ask("session.new", capabilities=trusting)
        tree = await self._ask("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            await self._ask("browser.close")
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()
        for task in (self._reading, self._draining):
            task.cancel()
        await asyncio.gather(self._reading, self._draining, return_exceptions=True)
        await self._session.close()
        self._directory.cleanup()

    async def goto(self, url: str) -> None:
        await self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, function: str, argument: object = None) -> Any:
        """The value of a JavaScript function of one argument, as Playwright's `evaluate`."""
        wrapped = f"async (text) => JSON.stringify(await ({function})(JSON.parse(text)) ?? null)"
        reply = await self._ask(
            "script.callFunction",
            functionDeclaration=wrapped,
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if reply["type"] != "success":
            raise RuntimeError(reply["exceptionDetails"]["text"])
        return json.loads(reply["result"]["value"])

    async def _listening(self, process: Process) -> str:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            async for line in process.stderr:
                if LISTENING in line:
                    return line.split(LISTENING)[1].decode().strip()
        raise RuntimeError("Firefox ended before it listened")

    async def _ask(self, method: str, **params: object) -> Any:
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_json({"id": number, "method": method, "params": params})
            async with asyncio.timeout(60):
                return await self._asked[number]
        finally:
            del self._asked[number]

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for frame in socket:
            message = frame.json()
            future = self._asked.get(message.get("id") or 0)
            if future is None or future.done():
                continue
            if message["type"] == "error":
                future.set_exception(RuntimeError(message["message"]))
            else:
                future.set_result(message["result"])


async def _drain(process: Process) -> None:
    """What it says besides: a full pipe would stop it."""
    assert process.stderr is not None
    async for _ in process.stderr:
        pass
