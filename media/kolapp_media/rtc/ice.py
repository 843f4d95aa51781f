"""ICE for an answering leg that is given no candidates: it waits to be found.

Replaces what does not fit in aioice's connection, for this instance alone: which addresses are
gathered (no loopback, all interfaces), the 20 ms rhythm of checks, consent timings that are
module constants, an unbounded queue, and answers to requests that are not authenticated.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import aioice
from aioice import stun
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import ICE_COMPLETED, CandidatePair, StunProtocol

from ..advertised import told
from ..settings import MediaSettings
from .counters import Counters
from .guard import GuardedProtocol
from .sockets import Address, Engine, MediaSocket

_COMPONENT = 1  # RTP and RTCP share one (RFC 8834, 4.5)


class LegConnection(aioice.Connection):
    """The node's side of one leg: controlled, full ICE, host candidates only."""

    _protocols: list[GuardedProtocol]  # type: ignore[assignment]  # we make them all

    def __init__(
        self,
        settings: MediaSettings,
        hosts: Sequence[str],
        engine: Engine,
        counters: Counters,
    ) -> None:
        super().__init__(ice_controlling=False)
        self._settings = settings
        self._hosts = hosts
        self._engine = engine
        self._counters = counters
        self.on_selected: Callable[[MediaSocket, Address], None] | None = None
        self.on_consent_lost: Callable[[], None] | None = None
        self.is_heard: Callable[[], bool] | None = None  # since it was asked last
        self.round_trip: float | None = None  # seconds, of the newest answer to a question
        self.answered_at = float("-inf")  # when that came

    def set_media_handler(self, handler: Callable[[int], None] | None) -> None:
        for protocol in self._protocols:
            protocol.on_media = handler

    async def gather_candidates(self) -> None:
        """Bind one socket per configured address. Raises `OSError` if none can be bound."""
        self._local_candidates_start = True
        failure: OSError | None = None
        for host in self._hosts:
            try:
                self._bind(host)
            except OSError as error:
                failure = error
        if failure is not None and not self._protocols:
            raise failure
        self._local_candidates_end = True

    def _bind(self, host: str) -> None:
        media_socket = MediaSocket(host, self._engine)
        protocol = GuardedProtocol(self, self._engine.workspace, self._counters)
        address, port = media_socket.get_extra_info("sockname")
        # Behind a 1:1 NAT; it sends what comes there to the same port here.
        told_address = told(address, self._settings.advertised)
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", told_address),
            component=_COMPONENT,
            transport="udp",
            priority=candidate_priority(_COMPONENT, "host", 65535 - len(self._protocols)),
            host=told_address,
            port=port,
            type="host",
        )
        media_socket.attach(protocol)
        self._protocols.append(protocol)
        self._local_candidates.append(protocol.local_candidate)

    async def connect(self) -> None:
        """Wait until the other side's checks have been answered and one pair is nominated.

        We know no remote candidate, so there is nothing to pace (RFC 8445, 6.1.4.2): every check
        of ours is triggered by one of theirs, at once.
        """
        for early in self._early_checks:
            self.check_incoming(*early)
        self._early_checks.clear()
        self._early_checks_done = True
        result = await self._check_list_state.get()
        if result != ICE_COMPLETED or self._closing:
            raise ConnectionError("ICE negotiation failed")
        self._query_consent_task = asyncio.create_task(self.query_consent())

    def check_incoming(
        self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol
    ) -> None:
        known = any(
            each._network_host == addr[0] and each.port == addr[1]
            for each in self._remote_candidates
        )
        if not known and len(self._remote_candidates) >= self._settings.remote_addresses:
            self._counters.crowded += 1
            return
        super().check_incoming(message, addr, protocol)

    def is_checking(self, protocol: GuardedProtocol, address: Address) -> bool:
        """Whether a check to this address is under way, made because it knows our password."""
        return any(
            pair.protocol is protocol and pair.remote_addr == address for pair in self._check_list
        )

    def check_state(self, pair: CandidatePair, state: CandidatePair.State) -> None:
        super().check_state(pair, state)
        protocol = pair.protocol
        assert isinstance(protocol, GuardedProtocol)
        if state is CandidatePair.State.SUCCEEDED:
            protocol.prove(pair.remote_addr)

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        if self._nominated.get(_COMPONENT) is pair and self.on_selected is not None:
            transport = pair.protocol.transport
            assert isinstance(transport, MediaSocket)
            self.on_selected(transport, pair.remote_addr)

    def data_received(self, data: bytes, component: int) -> None:
        if self._queue.qsize() >= self._settings.dtls_queue:
            self._counters.crowded += 1
            return
        super().data_received(data, component)

    def respond_error(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        protocol: StunProtocol,
        error_code: tuple[int, str],
    ) -> None:
        """Answer a role conflict; stay silent to who has not proved to know our password.

        An answer to a forged source address would be a packet sent where an attacker says.
        """
        if error_code[0] in (400, 401):
            self._counters.stun += 1
            return
        super().respond_error(request, addr, protocol, error_code)

    async def query_consent(self) -> None:
        """Ask again and again whether the other side still wants our packets (RFC 7675, 5.1).

        The library closes the connection then, which looks like a goodbye of the other side.
        """
        misses = 0
        while misses < self._patience():
            # 0.8 to 1.2 times the interval, so that peers do not fall into step
            await asyncio.sleep(self._settings.consent_interval * (0.8 + 0.4 * random.random()))
            pair = self._nominated.get(_COMPONENT)
            if pair is None:
                return
            misses = 0 if await self._has_consent(pair) else misses + 1
        self._query_consent_task = None  # or closing would wait for this very task
        if self.on_consent_lost is not None:
            self.on_consent_lost()

    def _patience(self) -> int:
        """How many questions in a row may go unanswered."""
        if self.is_heard is not None and self.is_heard():
            return self._settings.consent_failures_heard
        return self._settings.consent_failures

    async def _has_consent(self, pair: CandidatePair) -> bool:
        assert self.remote_password is not None
        request: Any = self.build_request(pair, nominate=False)
        asked = time.monotonic()
        try:
            await pair.protocol.request(
                request,
                pair.remote_addr,
                integrity_key=self.remote_password.encode(),
                retransmissions=0,
            )
        except stun.TransactionError:
            return False
        self.answered_at = time.monotonic()
        self.round_trip = self.answered_at - asked
        return True
