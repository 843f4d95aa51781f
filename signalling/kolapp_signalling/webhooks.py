"""Telling the provider's backend what happens to tickets: one of the nodes reads the queues' events
and posts them, each queue's in their order, at least once.

What the backend does not take now (no answer, 5xx, 408, 425, 429) is tried again, ever more seldom,
until it is too old to matter; the stream keeps what comes meanwhile. Any other refusal would be the
same the next time: it is logged, counted and passed over.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from http import HTTPStatus

import aiohttp
from kolapp_queue import keys
from kolapp_queue.audit_stream import Cursor, Entry
from kolapp_queue.errors import StoreUnavailable
from kolapp_queue.model import QueueRef
from kolapp_queue.states import GUESTS, STEPS
from kolapp_queue.stream_reader import LostLease, StreamReader

from . import log
from .settings import Settings
from .tasks import Tasks
from .webhook import body_of, headers, id_of

_AT_A_TIME = 8  # queues
_LEASE_MS = 15_000
_POLL_S = 1.0  # between looks at the streams
_PAUSE_S, _MOST_PAUSE_S = 1.0, 60.0  # before it is tried again
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

STEPS_TOLD = frozenset({*(step.name for step in STEPS), *GUESTS})
Count = Callable[[str], None]  # told, old, refused, failed


class _Failed(Exception):
    """Not now; perhaps later."""


def keep_webhooks(settings: Settings, tasks: Tasks, count: Count) -> None:
    if settings.webhook_url:
        tasks.keep(lambda: run_webhooks(settings, count))


async def run_webhooks(settings: Settings, count: Count) -> None:
    """Until cancelled; waits while another node tells, and while the store is away."""
    timeout_ms = settings.queue.command_timeout_ms
    reader = StreamReader(settings.store_url, keys.WEBHOOK, _LEASE_MS, timeout_ms)
    timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout_ms / 1000)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            await _Sender(settings, reader, http, count).run()
    finally:
        await reader.close()


class _Sender:
    def __init__(
        self, settings: Settings, reader: StreamReader, http: aiohttp.ClientSession, count: Count
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._http = http
        self._count = count
        self._chosen = frozenset(settings.webhook_events) or STEPS_TOLD
        self._some = asyncio.Semaphore(_AT_A_TIME)
        self._held_at = 0.0  # when the lease was renewed last
        self._down = False  # in this round: one failure is enough to know

    async def run(self) -> None:
        pause_s = _PAUSE_S
        while True:
            wait_s = _LEASE_MS / 3_000
            with suppress(StoreUnavailable, LostLease):
                if await self._hold():
                    wait_s = _POLL_S
                    if await self._round():
                        pause_s = _PAUSE_S
                    else:
                        wait_s, pause_s = pause_s, min(2 * pause_s, _MOST_PAUSE_S)
            await self._rest(wait_s * random.uniform(0.8, 1.0))

    async def _rest(self, seconds: float) -> None:
        """The lease goes on: to whoever took over it would happen just as well."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _LEASE_MS / 3_000))
            with suppress(StoreUnavailable):
                await self._keep_hold()

    async def _hold(self) -> bool:
        self._held_at = time.monotonic()
        return await self._reader.hold()

    async def _keep_hold(self) -> None:
        """Raises LostLease at the next step if it is another's by now."""
        if time.monotonic() - self._held_at > _LEASE_MS / 4_000:
            await self._hold()

    async def _round(self) -> bool:
        """Tell what is there by now. False: not all of it could be told."""
        self._down = False
        work = [self._tell_queue(ref) for ref in await self._reader.queues()]
        ends = await asyncio.gather(*work, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, _Failed):
                raise end
        return not any(ends)

    async def _tell_queue(self, ref: QueueRef) -> None:
        async with self._some, aclosing(self._reader.unread(ref)) as entries:
            async for entry in entries:
                if await self._tell(ref, entry):
                    await self._reader.passed(ref, Cursor(entry.id, entry.added))
                    await self._keep_hold()

    async def _tell(self, ref: QueueRef, entry: Entry) -> bool:
        """Whether there was anything to tell. Raises _Failed."""
        chosen = entry.event.get("step") in self._chosen
        body = body_of(ref, entry.event) if chosen else None
        if body is None:
            return False
        age_ms = time.time() * 1000 - entry.event["ms"]
        if age_ms > self._settings.webhook_age_ms:
            self._count("old")
            return True
        await self._post(id_of(ref, entry), body)
        return True

    async def _post(self, message: str, body: bytes) -> None:
        signed = headers(self._settings.webhook_secret, message, int(time.time()), body)
        url, status, lost = self._settings.webhook_url, 0, None
        if self._down:
            raise _Failed
        try:
            async with self._http.post(
                url, data=body, headers=signed, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            lost = error
        if lost or status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._down = True
            self._count("failed")
            told = "The backend does not take a webhook now."
            log.event(logging.WARNING, told, code=status, error=lost)
            raise _Failed
        refused = status >= HTTPStatus.MULTIPLE_CHOICES
        self._count("refused" if refused else "told")
        if refused:
            log.event(logging.ERROR, "The backend refuses a webhook for good.", code=status)
