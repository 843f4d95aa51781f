"""One patient's day against a server: come, wait, lose the network, be called, talk, or give up."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from ..errors import ConnectionClosed, NotInTime
from ..network import Network
from ..patient import Patient
from ..wire import Message
from .announced import FirstTold
from .doing import Connection, Refused, do, moment
from .freshness import Freshness
from .legs import PATIENT, WRITTEN, Legs
from .lives import PatientLife
from .measures import Measures
from .radio import Radio
from .tokens import Tokens

OPENS_BEFORE_S = 1.0  # the app is opened so long before a number is drawn
TRIES = 5  # of a request that a server without its store refuses
PAUSE_S = 0.5  # between them
ASKING_S = 6.0  # in which those who still wait at the end ask for their tickets
ENDED = frozenset({"completed", "left", "no_show", "expired", "transferred"})


class PatientLived:
    """`await live()`, then `record`: what became of the ticket."""

    def __init__(
        self,
        life: PatientLife,
        url: str,
        network: Network,
        measures: Measures,
        front: Freshness,
        legs: Legs | None = None,
    ) -> None:
        self._life, self._url = life, url
        self._measures, self._front = measures, front
        self._legs = legs if life.media else None
        self.radio = Radio(network)
        self.client: Patient | None = None
        self.connection: Connection | None = None
        self._anew = False  # the node knows nothing of the session before: look what is left of it
        self.disturbed = False  # a fault or a lost network may cost the place in the order
        self._visits: list[tuple[str, int, int, int]] = []  # id, epoch, version, at_ns
        self._joined_ns = 0
        self._missed = self._taken = 0  # calls: as the server counts them; answered or declined
        self._announced = FirstTold()

    async def live(self, start_ns: int, tokens: Tokens, end_ns: int) -> None:
        life = self._life
        due_ns = start_ns + int(life.at_s * 1e9)
        opening_ns = due_ns - int(OPENS_BEFORE_S * 1e9)  # of the first, before the day begins
        await moment(self._measures, opening_ns)
        token = await tokens.patient(life.number, life.urgent)
        self.client = Patient(self._url, token, network=self.radio, on_frame=self._frame)
        outcome = "not_in"
        try:
            await do(self._measures, "connect", opening_ns, self.client.open())
            self.connection = Connection(self.client, self.radio, self._measures)
            await moment(self._measures, due_ns)
            outcome = await self._visit(self.client, due_ns, end_ns)
        except ConnectionClosed as closed:
            outcome = f"closed_{closed.code}"
        except Refused as refused:
            outcome = f"refused_{refused.code}"
        finally:
            self._finished(outcome)
            await self.client.close()

    async def _visit(self, patient: Patient, due_ns: int, end_ns: int) -> str:
        await self._join(patient, due_ns)
        await self._write(patient)
        losing = asyncio.create_task(self._lose_network())
        try:
            return await self._wait(patient, end_ns)
        finally:
            losing.cancel()
            await asyncio.wait([losing])

    async def _join(self, patient: Patient, due_ns: int) -> None:
        life = self._life
        asked = {"language": life.language, "skills": [life.skill] if life.skill else []}
        needs = {name: value for name, value in asked.items() if value}
        fields: dict[str, Any] = {"queue": life.queue} | ({"needs": needs} if needs else {})
        self._joined_ns = due_ns
        for attempt in range(TRIES):
            try:
                await do(self._measures, "join", due_ns, patient.request("join", **fields))
                break
            except Refused:
                if attempt == TRIES - 1:
                    raise
                await asyncio.sleep(PAUSE_S)

    async def _write(self, patient: Patient) -> None:
        """Whose visit carries sound and picture says so to the clinician."""
        if self._legs is None or patient.ticket is None:
            return
        told = patient.request("intake", ticket=patient.ticket["ticket"], text=WRITTEN)
        try:
            await do(self._measures, "intake", time.perf_counter_ns(), told)
        except Refused:
            self._legs = None  # the other side would not know

    async def _lose_network(self) -> None:
        if self._life.loses_network_after_s < 0:
            return
        await asyncio.sleep(self._life.loses_network_after_s)
        await self.go_offline(self._life.offline_s)

    async def go_offline(self, for_s: float) -> None:
        """The network is gone for so long; the client comes back by itself."""
        self.disturbed = True
        self.radio.on = False
        if self.client is not None:
            self.client.drop()
            if self.client.ticket is not None:
                self._front.gone(self.client.ticket["queue"], self.client.ticket["number"])
        await asyncio.sleep(for_s)
        self.radio.on = True

    async def _wait(self, patient: Patient, end_ns: int) -> str:
        patient_until_ns = self._joined_ns + int(self._life.patience_s * 1e9)
        missed = False
        while True:
            left_s = (min(patient_until_ns, end_ns) - time.perf_counter_ns()) / 1e9
            try:
                await patient.until(
                    lambda one: one.state in ENDED or one.call or self._anew, max(0.001, left_s)
                )
            except NotInTime:
                given_up = patient_until_ns <= end_ns
                return await (self._give_up(patient) if given_up else self._still_there(patient))
            if patient.state in ENDED:
                return self._ended(patient)
            if self._anew:
                gone = await self._look(patient)
                if gone:
                    return gone
                continue
            if self._life.misses_call and not missed:
                missed = True
                await self._miss(patient)
                continue
            ended = await self._called(patient)
            if ended:
                return ended

    async def _look(self, patient: Patient) -> str:
        """A session that was not resumed is told what is active only: what ended meanwhile is gone
        without a word, so every client asks. What became of the ticket; "" if it is there."""
        self._anew, before = False, patient.state
        try:
            due_ns = time.perf_counter_ns()
            await do(self._measures, "find", due_ns, patient.find(self._life.queue))
        except Refused as refused:
            if refused.code == "no_ticket":
                return "lost" if before == "waiting" else "ended_unseen"
            self._anew = True
            await asyncio.sleep(PAUSE_S)
        return ""

    async def _give_up(self, patient: Patient) -> str:
        try:
            await do(self._measures, "leave", time.perf_counter_ns(), patient.leave())
        except Refused as refused:
            if refused.code == "no_ticket" and patient.state == "waiting":
                return "lost"
            if patient.state not in ENDED:  # the call came at this very moment: it is not taken
                return "gave_up"
        return "gave_up" if patient.state == "left" else self._ended(patient)

    async def _still_there(self, patient: Patient) -> str:
        """The day is over. Does the server still know the ticket? All would ask at the same moment,
        which nobody does in life: some seconds are taken for it."""
        due_ns = time.perf_counter_ns() + int(self._life.number % 997 / 997 * ASKING_S * 1e9)
        await moment(self._measures, due_ns)
        try:
            await do(self._measures, "find", due_ns, patient.find(self._life.queue))
        except Refused as refused:
            return "lost" if refused.code == "no_ticket" else "unknown"
        # Who is here and yet away to the server is passed over by every pull.
        away = patient.ticket is not None and patient.ticket.get("away")
        return f"still_{patient.state}{'_though_away' if away else ''}"

    async def _miss(self, patient: Patient) -> None:
        """Does not hear the phone; looks at it when the ring is over."""
        self.disturbed = True
        await patient.until(lambda one: one.call is None, 120.0, "end of the ring")
        if patient.state == "waiting":
            await do(self._measures, "find", time.perf_counter_ns(), patient.find(self._life.queue))

    async def _called(self, patient: Patient) -> str:
        """Answer and talk; "" if the call was taken back."""
        due_ns = self._visits[-1][3] + int(self._life.answers_after_s * 1e9)
        await moment(self._measures, due_ns)
        if patient.call is None:
            return ""
        verb = "decline" if self._life.declines else "answer"
        try:
            request = patient.decline() if self._life.declines else patient.answer()
            await do(self._measures, verb, due_ns, request)
        except Refused as refused:
            if refused.code == "no_ticket":
                return "lost"
            await asyncio.sleep(PAUSE_S if refused.code not in {"stale_epoch"} else 0.0)
            return ""
        self._taken += 1
        if self._life.declines:
            return "declined"
        if self._legs is None:
            return await self._talk(patient)
        over = self._legs.begin(patient, self._visits[-1][0], PATIENT, due_ns)
        try:
            return await self._talk(patient)
        finally:
            over.set()

    async def _talk(self, patient: Patient) -> str:
        if self._life.hangs_up_first:
            over_ns = time.perf_counter_ns() + int(self._life.talks_s * 1e9)
            await moment(self._measures, over_ns)
            if patient.state == "in_visit":
                # Ended at the same moment, or the next look at the state says what is.
                with suppress(Refused):
                    await do(self._measures, "hang_up", over_ns, patient.hang_up())
        while patient.state == "in_visit":
            try:
                await patient.until(
                    lambda one: one.state != "in_visit" or self._anew, 300.0, "end of the visit"
                )
            except NotInTime:
                return "stuck_in_visit"
            if self._anew and (gone := await self._look(patient)):
                return gone
        return self._ended(patient) if patient.state in ENDED else ""

    def _ended(self, patient: Patient) -> str:
        ticket = patient.ticket
        assert ticket is not None
        return patient.state if patient.state != "left" else ticket.get("reason") or "left"

    # What is seen

    def _frame(self, message: Message, arrived_ns: int, size: int) -> None:
        if message["type"] == "welcome":
            self._anew = bool(self._joined_ns) and not message["resumed"]
            self._announced.welcomed(message["queues"])
        if message["type"] != "ticket":
            return
        self._missed = max(self._missed, message.get("missed", 0))
        place, call = message.get("place"), message.get("call")
        if call and message["state"] == "called":
            self._turn(message, call, arrived_ns)
        elif place:
            self._front.shown(message["queue"], message["number"], place["position"], arrived_ns)
            self._announced.shown(message, arrived_ns)

    def _turn(self, message: Message, call: dict[str, Any], arrived_ns: int) -> None:
        if self._visits and self._visits[-1][0] == call["visit"]:
            return
        self._visits.append((call["visit"], call["epoch"], message["version"], arrived_ns))
        self._measures.turns.append({"visit": call["visit"], "at_ns": arrived_ns})
        self._front.called(message["queue"], message["number"], arrived_ns)

    def _finished(self, outcome: str) -> None:
        ticket = self.client.ticket if self.client is not None else None
        if ticket is not None:
            self._front.gone(ticket["queue"], ticket["number"])
        self._measures.tickets.append(
            {
                "number": self._life.number,
                "kind": self._life.kind,
                "queue": self._life.queue,
                "ticket": ticket["ticket"] if ticket else "",
                "drawn": ticket["number"] if ticket else 0,
                "joined_ns": self._joined_ns,
                "ended_ns": time.perf_counter_ns(),
                "outcome": outcome,
                "visits": self._visits,
                "announced": self._announced.record,
                "disturbed": self.disturbed,
                # Calls that came and went while there was no network.
                "unseen": max(0, self._missed - (len(self._visits) - self._taken)),
            }
        )
