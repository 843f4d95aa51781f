"""The issuer's keys, kept fresh: read now and then, and at once when a token names one that is new.

Keys that were read stay until others take their place: an issuer that is away for a while locks
nobody out who has a token. Asking is bounded, since anybody can make up the name of a key.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout

from . import log

Keys = dict[str, Any]  # by key id; "" is the key of tokens that name none

_NOT_SOONER_S = 10.0  # between two looks that tokens ask for
_ANSWER_S = 5.0
_MOST_BYTES = 262_144  # of an issuer's answer
_UNREADABLE = (OSError, ValueError, jwt.PyJWTError, ClientError, TimeoutError)


class KeySource:
    """`keys` is what the authenticator looks into; it changes in place."""

    def __init__(self, keys: Keys, read: Callable[[], Awaitable[Keys]]) -> None:
        self.keys = keys
        self._read = read
        self._looking = asyncio.Lock()
        self._next = 0.0  # in the loop's time

    async def look_again(self) -> bool:
        """A token names a key that is not there. True if there are other keys now."""
        now = asyncio.get_running_loop().time
        before = dict(self.keys)
        async with self._looking:  # whoever waited here finds what the first one read
            if now() >= self._next:
                self._next = now() + _NOT_SOONER_S
                await self._look()
        return self.keys.keys() != before.keys()

    async def keep_fresh(self, every_s: float) -> None:
        while True:
            if self.keys:
                await asyncio.sleep(every_s)
            async with self._looking:
                await self._look()
            if not self.keys:
                await asyncio.sleep(min(every_s, _NOT_SOONER_S))

    async def _look(self) -> None:
        try:
            found = await self._read()
        except _UNREADABLE as error:
            log.event(logging.WARNING, "The keys of tokens cannot be read.", error=error)
            return
        if found:
            self.keys.clear()
            self.keys.update(found)


def keys_of(content: bytes) -> Keys:
    """A JWKS holds several keys by id; a PEM or a raw secret is the one key. Raises ValueError or
    PyJWTError."""
    if not content.startswith(b"{"):
        return {"": content}
    listed = json.loads(content)["keys"] if b'"keys"' in content else []
    signing = [key for key in listed if key.get("use", "sig") == "sig"]
    return {key.key_id or "": key.key for key in jwt.PyJWKSet(signing).keys}


async def read_file(path: Path) -> Keys:
    return keys_of((await asyncio.to_thread(path.read_bytes)).strip())


async def fetch(url: str) -> Keys:
    """No redirects: the address is the operator's word. Raises one of _UNREADABLE."""
    async with (
        ClientSession(timeout=ClientTimeout(_ANSWER_S)) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise ValueError("the issuer gave no keys")
        content = await answer.content.read(_MOST_BYTES + 1)
        while len(content) <= _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
            content += more
    if len(content) > _MOST_BYTES or not content.lstrip().startswith(b"{"):
        raise ValueError("that is no key set")
    return keys_of(content.strip())
