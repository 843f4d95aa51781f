"""One clinician's shift against a server: pull, talk, hang up, write the notes, pause, go."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from random import Random

from ..clinician import Clinician
from ..errors import ConnectionClosed, NotInTime
from ..network import Network
from ..wire import Duty
from .doing import Connection, Refused, do, moment
from .legs import CLINICIAN, WRITTEN, Legs
from .lives import ClinicianLife, draw
from .measures import Measures
from .radio import Radio
from .scenario import Spread
from .tokens import Tokens

LOOKS_AGAIN_S = 1.0  # how long a clinician trusts that nobody waits
PAUSE_S = 0.25  # before asking again what could not be done
VISIT_S = 300.0  # a visit that neither begins nor ends is given up


class ClinicianLived:
    def __init__(
        self,
        life: ClinicianLife,
        url: str,
        network: Network,
        measures: Measures,
        legs: Legs | None = None,
    ) -> None:
        self._life, self._url, self._measures = life, url, measures
        self._legs = legs if life.media else None
        self._leg_over: asyncio.Event | None = None  # ends the leg of the present visit
        self._random = Random(life.seed)
        self._talks = {name: Spread(mean, part) for name, mean, part in life.talks_s}
        self._pauses = list(life.pauses)
        self.radio = Radio(network)
        self.client: Clinician | None = None
        self.connection: Connection | None = None

    async def live(self, start_ns: int, tokens: Tokens, end_ns: int) -> None:
        life = self._life
        due_ns = start_ns + int(life.from_s * 1e9)
        await moment(self._measures, due_ns)
        token = await tokens.clinician(life.number, life.languages, life.skills)
        self.client = Clinician(self._url, token, network=self.radio)
        until_ns = end_ns if life.to_the_end else start_ns + int(life.until_s * 1e9)
        try:
            await do(self._measures, "connect", due_ns, self.client.open())
            self.connection = Connection(self.client, self.radio, self._measures)
            await self._shift(self.client, start_ns, until_ns)
        except (ConnectionClosed, Refused):
            self._measures.counts["shifts_broken"] += 1
        finally:
            await self.client.close()

    async def _shift(self, clinician: Clinician, start_ns: int, until_ns: int) -> None:
        vanish_ns = start_ns + int(self._life.vanish_s * 1e9) if self._life.vanish_s >= 0 else 0
        left_s = max(0.0, (vanish_ns - time.perf_counter_ns()) / 1e9) if vanish_ns else None
        try:
            async with asyncio.timeout(left_s) as shift:
                await self._ready(clinician, time.perf_counter_ns())
                await self._serve(clinician, start_ns, until_ns)
        except TimeoutError:
            if not shift.expired():
                raise
            self.radio.on = False
            clinician.drop()

    async def _serve(self, clinician: Clinician, start_ns: int, until_ns: int) -> None:
        free_ns = time.perf_counter_ns()
        while time.perf_counter_ns() < until_ns:
            try:
                free_ns = max(free_ns, await self._pause(clinician, start_ns))
                free_ns = await self._one(clinician, free_ns, until_ns)
            except Refused:
                await asyncio.sleep(PAUSE_S)
                free_ns = time.perf_counter_ns()
        with suppress(Refused):
            await do(self._measures, "pause", time.perf_counter_ns(), clinician.pause())

    async def _ready(self, clinician: Clinician, due_ns: int) -> None:
        await do(self._measures, "ready", due_ns, clinician.ready(*self._life.queues))

    async def _pause(self, clinician: Clinician, start_ns: int) -> int:
        """If it is time for one; when it is over, by the plan unless a visit went on until later;
        or 0."""
        now_ns = time.perf_counter_ns()
        if not self._pauses or now_ns < start_ns + self._pauses[0][0] * 1e9:
            return 0
        _, back_s = self._pauses.pop(0)
        back_ns = max(now_ns, start_ns + int(back_s * 1e9))
        await do(self._measures, "pause", now_ns, clinician.pause())
        await moment(self._measures, back_ns)
        await self._ready(clinician, back_ns)
        return back_ns

    async def _one(self, clinician: Clinician, free_ns: int, until_ns: int) -> int:
        """Take one patient if there is one; return from when on the next one may be taken."""
        if clinician.visit is None:
            due_ns = await self._somebody(clinician, free_ns, until_ns)
            if not due_ns:
                return time.perf_counter_ns()  # whoever comes from now on was not waited for
            if not await self._pull(clinician, due_ns):
                await self._news(clinician)
                return time.perf_counter_ns()
        await self._look_for_media(clinician)
        try:
            over_ns = await self._visit(clinician)
        finally:
            self._leave_media()
        free_ns = over_ns + int(self._life.wrap_up_s * 1e9)
        await moment(self._measures, free_ns)
        return free_ns

    async def _somebody(self, clinician: Clinician, free_ns: int, until_ns: int) -> int:
        """When the pull is due: when free, or when told that somebody waits. 0: nobody yet."""
        if self._waiting(clinician.duty):
            return free_ns
        left_s = min(LOOKS_AGAIN_S, (until_ns - time.perf_counter_ns()) / 1e9)
        try:
            await clinician.until(lambda one: self._waiting(one.duty), max(0.001, left_s))
        except NotInTime:
            if clinician.duty is not None and not clinician.duty["on_duty"]:
                await self._ready(clinician, time.perf_counter_ns())
            return 0
        return time.perf_counter_ns()

    async def _news(self, clinician: Clinician) -> None:
        """Nobody who fits was there: until the queues look different, or for a moment."""
        known = clinician.duty
        with suppress(NotInTime):
            await clinician.until(lambda one: one.duty is not known, LOOKS_AGAIN_S, "news")

    def _waiting(self, duty: Duty | None) -> int:
        queues = duty["queues"] if duty is not None else []
        return sum(queue["waiting"] for queue in queues if queue["name"] in self._life.queues)

    async def _pull(self, clinician: Clinician, due_ns: int) -> bool:
        try:
            duty = await do(self._measures, "pull", due_ns, clinician.pull())
        except Refused as refused:
            if refused.code == "not_on_duty":
                await self._ready(clinician, time.perf_counter_ns())
            if refused.code in {"nobody_waiting", "not_on_duty"}:
                return False
            raise
        visit = duty.get("visit")
        if not visit:
            return False
        self._measures.pulls.append({"visit": visit["id"], "due_ns": due_ns})
        return True

    async def _look_for_media(self, clinician: Clinician) -> None:
        """Where the patient wrote that the visit carries sound and picture, so does this side,
        which is then on its way while the call rings. Looked for again at the answer: who is called
        at once has not written yet."""
        visit, now_ns = clinician.visit, time.perf_counter_ns()
        if self._legs is None or self._leg_over is not None or visit is None:
            return
        asked = clinician.request("read_intake", visit=visit["id"], epoch=visit["epoch"])
        with suppress(Refused):
            written = await do(self._measures, "read_intake", now_ns, asked)
            if written["text"] == WRITTEN:
                self._leg_over = self._legs.begin(clinician, visit["id"], CLINICIAN, now_ns)

    def _leave_media(self) -> None:
        if self._leg_over is not None:
            self._leg_over.set()
        self._leg_over = None

    async def _visit(self, clinician: Clinician) -> int:
        """Until the visit is over, however; returns when that was due."""
        visit = clinician.visit
        if visit is None:
            return time.perf_counter_ns()
        try:
            await clinician.until(
                lambda one: one.visit is None or one.visit["state"] != "called", VISIT_S, "answer"
            )
        except NotInTime:
            self._measures.error("visit", "stuck")
            return time.perf_counter_ns()
        over_ns = time.perf_counter_ns()
        if clinician.visit is None:
            return over_ns
        await self._look_for_media(clinician)
        over_ns += int(draw(self._talks[visit["queue"]], self._random) * 1e9)
        with suppress(NotInTime):
            left_s = (over_ns - time.perf_counter_ns()) / 1e9
            await clinician.until(lambda one: one.visit is None, max(0.001, left_s))
            return time.perf_counter_ns()
        await moment(self._measures, over_ns)
        if clinician.visit is not None:
            await do(self._measures, "hang_up", over_ns, clinician.hang_up())
            self._measures.counts["visits"] += 1
        return over_ns
