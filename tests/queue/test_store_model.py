"""All verbs in any order against the plain model; `KOLAPP_HYPOTHESIS=long` looks longer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import hypothesis.strategies as st
import msgpack
import pytest
import queue_checks
from cut_link import Cut, CutLink
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from kolapp_queue import keys, scripts
from kolapp_queue.chat_verbs import AT_ONCE
from kolapp_queue.errors import AlreadyInVisit, NotOnDuty, QueueError, QueueFull, StaleEpoch
from kolapp_queue.guest_verbs import Invitation, Inviter
from kolapp_queue.line_records import line_of
from kolapp_queue.model import (
    ClinicianKey,
    GuestId,
    Line,
    Needs,
    PatientKey,
    Profile,
    QueueRef,
    TicketId,
    Visit,
    VisitId,
)
from kolapp_queue.sealing import KeyRing
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import Outcome, TicketState
from kolapp_queue.store import QueueStore
from queue_model import ModelGuest, ModelTicket, ModelVisit, QueueModel, Refused
from store_contents import content

# Examples, steps of each, and how many it must be in all: a few examples end early.
PROFILES = {"short": (10, 30, 0), "long": (2_300, 100, 200_000)}
EXAMPLES, STEPS, LEAST = PROFILES.get(os.environ.get("KOLAPP_HYPOTHESIS", ""), (60, 40, 0))
STALLED_S = 60  # nothing is wrong with a store before that, on a machine that others fill
HOUR_MS = 3_600_000
QUEUES = ("drop-in", "children")
PATIENTS = [PatientKey(f"patient-{name}") for name in ("anna", "bo", "cecilia", "daniel")]
CLINICIANS = [ClinicianKey(name) for name in ("dr-eva", "dr-finn")]
PROVIDERS = itertools.count(1)
NEEDS = {
    "": Needs(),
    "sv": Needs(language="sv"),
    "no": Needs(language="no"),
    "dr-finn": Needs(clinician="dr-finn"),
}
NODES = ("1.", "2.", "")
RING = KeyRing.parse(KeyRing.new_line("k1"))
EPOCH_CHECK = re.compile(r"^if (ticket|visit)\.epoch ~= .*refuse\('stale_epoch'\) end$", re.M)
FENCED = (
    *("answer", "decline", "give_back", "hang_up"),
    *("place_media", "ring_again", "say", "set_outcome", "transfer_out"),
    *("invite", "remove_guest"),
)
# Where a transfer dies half-way, if it does.
CUTS = ("", "", "", "clinician/release", "queue/transfer_in")

pick = st.integers(min_value=0, max_value=1_000)
rarely = st.integers(min_value=0, max_value=4).map(lambda number: number == 4)
by_whom = st.sampled_from(["clinician", "patient", "clinician", "patient", "stranger"])
by_anybody = st.sampled_from(["clinician", "patient", "guest1", "guest2", "stranger"])
by_staff = st.sampled_from(["clinician", "clinician", "backend", "patient", "stranger"])
guest_key = st.sampled_from(["k1", "k2", "k3", "k4"])

_logger = logging.getLogger(__name__)

# Read at one moment, by one command: most of a step's time is for looking.
LOOKED_AT = (
    dict.fromkeys(("meta", "tickets", "visits", "patients", "classes", "profiles"), "HGETALL")
    | dict.fromkeys(("present", "away", "grace", "rings", "holders", "moving", "linked"), "ZRANGE")
    | {"live": "WITHSCORES", "duty": "WITHSCORES", "causes": "LRANGE"}
)
META = (b"version", b"clock", b"visits_done", b"visit_ms_mean")
LINE = ("present", "away", "duty", "live", "classes", "profiles", "causes")  # as `line_of` has them
LOOK = """
local found = {redis.call('TIME')}
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'HGETALL' then
    found[i + 1] = redis.call('HGETALL', key)
  elseif ARGV[i] == 'WITHSCORES' then
    found[i + 1] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  else
    found[i + 1] = redis.call(ARGV[i], key, 0, -1)
  end
end
return found
"""


def shaped(kind: str, found: list[bytes]) -> Any:
    """As redis-py would have given it."""
    pairs = zip(found[::2], found[1::2], strict=True) if kind in ("HGETALL", "WITHSCORES") else ()
    if kind == "HGETALL":
        return dict(pairs)
    return [(name, float(score)) for name, score in pairs] if kind == "WITHSCORES" else found


class QueueMachine(RuleBasedStateMachine):
    steps = 0  # of all machines of this process

    def __init__(self, url: str, broken: str = "") -> None:
        """`broken`: a script that goes without its epoch check."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.provider = f"model{next(PROVIDERS)}"
        self.model = QueueModel(QueueSettings().missed_calls)
        self.numbers = itertools.count(1)
        self.seen: dict[str, Any] = {}
        self.guests: dict[str, tuple[str, ModelGuest]] = {}  # ever invited, and where
        self.link = self.runner.run(self._link(url))
        self.looking = self.link._redis.register_script(LOOK)
        if broken:
            source = scripts.sources()[broken]
            self.link._scripts[broken] = self.link._redis.register_script(
                EPOCH_CHECK.sub("", source)
            )
        # Deadlines are over at once or in an hour: time needs not pass.
        self.slow, self.hasty = (
            QueueStore(
                self.link,
                QueueSettings(
                    ring_ms=ms,
                    away_grace_ms=ms,
                    undo_ms=ms,
                    visit_grace_ms=ms,
                    command_timeout_ms=ms,
                    duty_lease_ms=HOUR_MS,
                ),
            )
            for ms in (HOUR_MS, 0)
        )

    @staticmethod
    async def _link(url: str) -> CutLink:
        # Its connections belong to this loop.
        return CutLink(url, one_server=True, timeout_ms=STALLED_S * 1000)

    def teardown(self) -> None:
        try:
            self.run(self.nobody_is_remembered_for_ever())
        finally:
            self.runner.run(self.link.close())
            self.runner.close()

    async def nobody_is_remembered_for_ever(self) -> None:
        """When the retention is over, a queue names nobody but those who have a ticket there; its
        events go by their own age."""
        self.link.before = self.link.after = ""
        for ref in map(self.ref, QUEUES):
            ended = keys.queue_key(ref, "ended")
            members = await self.link.do(lambda redis, key=ended: redis.zrange(key, 0, -1))
            if members:
                over = dict.fromkeys(members, 0)
                await self.link.do(lambda redis, key=ended, over=over: redis.zadd(key, over))
            await self.slow._do(ref, await self.link.queue("forget", ref, len(members), HOUR_MS))
            names = [name for name in keys.QUEUE_KEYS if name != "events"]
            kept = {
                name: repr(await content(self.link, keys.queue_key(ref, name))) for name in names
            }
            for patient in PATIENTS:
                if self.model.active_ticket(ref.queue, patient) is None:
                    assert [name for name in names if patient in kept[name]] == [], patient

    # Helpers

    def run(self, call: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(2 * STALLED_S):
                return await call

        # `Runner.run` would look after Ctrl-C each time, for a fifth of all the time.
        return self.runner.get_loop().run_until_complete(bounded())

    def store(self, hasty: bool) -> QueueStore:
        return self.hasty if hasty else self.slow

    def ref(self, queue: str) -> QueueRef:
        return QueueRef(self.provider, queue)

    def ticket(self, number: int) -> ModelTicket:
        """Mostly one that can still change, newest first."""
        every = list(reversed(self.model.tickets.values()))
        active = [ticket for ticket in every if ticket.active]
        some = active if active and number % 8 else every
        return some[number // 8 % len(some)]

    def visit(self, number: int) -> ModelVisit:
        every = list(reversed(self.model.visits.values()))
        active = [visit for visit in every if visit.state != "ended"]
        some = active if active and number % 4 else every
        return some[number // 4 % len(some)]

    def same(self, call: Awaitable[Any], expected: Callable[[], Any]) -> Any:
        """Store and model do the same, or refuse it with the same error."""
        refusal = ""
        try:
            expected()
        except Refused as refused:
            refusal = str(refused)
        if not refusal:
            return self.run(call)
        with pytest.raises(QueueError) as raised:
            self.run(call)
        assert type(raised.value).__name__ == refusal
        return None

    # Patients

    @initialize(one_server=st.booleans())
    def the_day_begins(self, one_server: bool) -> None:
        """`one_server`: what one server has both records for is one step, as it is without a
        cluster; else two."""
        self.link.one_server &= one_server
        self.set_duty(CLINICIANS[0], QUEUES, ("sv",))
        for patient in PATIENTS[:2]:
            self.join(QUEUES[0], patient, "", 0, 0, False, False)

    @rule(
        queue=st.sampled_from(QUEUES),
        patient=st.sampled_from(PATIENTS),
        needs=st.sampled_from(["", "", "sv", "no", "dr-finn"]),
        credit_ms=st.sampled_from([0, 0, 60_000]),
        capacity=st.sampled_from([0, 0, 2]),
        lost=rarely,
        old=rarely,
    )
    def join(
        self,
        queue: str,
        patient: PatientKey,
        needs: str,
        credit_ms: int,
        capacity: int,
        lost: bool,
        old: bool,
    ) -> None:
        ref, number = self.ref(queue), next(self.numbers)
        connection, ticket_id = self.new_connection(number), TicketId(f"ticket{number}")
        before = self.model.active_ticket(queue, patient)
        ended = [t for t in self.model.tickets.values() if (t.queue, t.patient) == (queue, patient)]
        if old and ended and not ended[-1].active:
            # A repeat that comes after its ticket has ended draws no other one, even beside it.
            again = self.run(self.slow.join(ref, patient, TicketId(ended[-1].id), connection))
            assert again.id == ended[-1].id
            return
        asked = NEEDS[needs]

        def call() -> Awaitable[Any]:
            limits = {"credit_ms": credit_ms, "capacity": capacity}
            return self.slow.join(ref, patient, ticket_id, connection, asked, **limits)

        if before is None and capacity and len(self.model.line(queue)) >= capacity:
            with pytest.raises(QueueFull):
                self.run(call())
            return
        if lost:
            self.link.after = "both/join" if self.link.one_server else "queue/join"
            with pytest.raises(Cut):
                self.run(call())
        ticket = self.run(call())
        if before is None:
            order = (ticket.joined_ms - credit_ms, ticket.number)
            before = ModelTicket(ticket.id, queue, patient, ticket.number, order, needs=needs)
            before.credit_ms, before.joined_ms = credit_ms, ticket.joined_ms
            assert ticket.id == ticket_id
            self.model.join(before)
        assert ticket.id == before.id
        self.model.attach(before, connection)

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, connection=pick)
    def attach(self, number: int, connection: int) -> None:
        ticket, name = self.ticket(number), self.some_connection(connection)
        call = self.slow.attach(
            self.ref(ticket.queue), TicketId(ticket.id), PatientKey(ticket.patient), name
        )
        self.same(call, lambda: self.model.attach(ticket, name))

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, newest=st.booleans(), connection=pick, hasty=st.booleans())
    def detach(self, number: int, newest: bool, connection: int, hasty: bool) -> None:
        ticket = self.ticket(number)
        name = ticket.connection if newest else self.some_connection(connection)
        call = self.store(hasty).detach(self.ref(ticket.queue), TicketId(ticket.id), name)
        self.same(call, lambda: self.model.detach(ticket, name, due=hasty))

    def some_connection(self, number: int) -> str:
        known = [c for t in self.model.tickets.values() for c in (t.connection, t.replaced) if c]
        known.append(self.new_connection(next(self.numbers)))
        return known[number % len(known)]

    @staticmethod
    def new_connection(number: int) -> str:
        """At one of the nodes, or at none that has a number."""
        return f"{NODES[number % len(NODES)]}connection{number}"

    @rule(queue=st.sampled_from(QUEUES), node=st.sampled_from([1, 2]), hasty=st.booleans())
    def node_gone(self, queue: str, node: int, hasty: bool) -> None:
        kept = (HOUR_MS * (not hasty), HOUR_MS)
        self.run(self.link.queue("node_gone", self.ref(queue), node, 100, *kept))
        self.model.node_gone(queue, node, due=hasty)

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, cut=rarely, really=rarely)
    def leave(self, number: int, cut: bool, really: bool) -> None:
        ticket = self.ticket(number)
        if ticket.state is TicketState.WAITING and not really:
            return  # or hardly anybody would ever be called
        self.ending(
            lambda: self.slow.leave(
                self.ref(ticket.queue), TicketId(ticket.id), PatientKey(ticket.patient)
            ),
            lambda: self.model.leave(ticket),
            cut,
        )

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, stale=rarely)
    def answer(self, number: int, stale: bool) -> None:
        ticket = self.ticket(number)
        epoch = ticket.epoch - stale
        call = self.slow.answer(
            self.ref(ticket.queue), TicketId(ticket.id), PatientKey(ticket.patient), epoch
        )
        self.same(call, lambda: self.model.answer(ticket, epoch))

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, stale=rarely, cut=rarely)
    def decline(self, number: int, stale: bool, cut: bool) -> None:
        ticket = self.ticket(number)
        epoch = ticket.epoch - stale
        self.ending(
            lambda: self.slow.decline(
                self.ref(ticket.queue), TicketId(ticket.id), PatientKey(ticket.patient), epoch
            ),
            lambda: self.model.decline(ticket, epoch),
            cut,
        )

    def ending(
        self, call: Callable[[], Awaitable[Any]], expected: Callable[[], None], cut: bool
    ) -> None:
        """A step that may end a visit; cut: the clinician's release never happens."""
        self.link.before = "clinician/release" if cut else ""
        with suppress(Cut):
            self.same(call(), expected)
        self.link.before = ""

    # Clinicians

    @rule(
        clinician=st.sampled_from(CLINICIANS),
        queues=st.sampled_from([("drop-in",), ("children", "drop-in"), ()]),
        languages=st.sampled_from([(), ("sv",), ("no", "sv")]),
    )
    def set_duty(
        self, clinician: ClinicianKey, queues: Sequence[str], languages: tuple[str, ...]
    ) -> None:
        board = clinician == CLINICIANS[1]
        self.model.set_duty(clinician, tuple(queues), languages, board)
        profile = Profile(languages=languages, board=board)
        duty = self.run(self.slow.set_duty(self.provider, clinician, queues, profile))
        assert duty.on_duty is bool(queues)
        assert duty.queues == tuple(queues)

    @rule(clinician=st.sampled_from(CLINICIANS))
    def duty(self, clinician: ClinicianKey) -> None:
        duty = self.run(self.slow.duty(self.provider, clinician))
        active = self.model.clinician(clinician).active
        assert (duty.visit and duty.visit.id) == (active and active.id)

    @rule(
        clinician=st.sampled_from(CLINICIANS),
        repeat=rarely,
        hasty=st.booleans(),
        crash=st.sampled_from(["", "", "before", "after"]),
    )
    def pull(self, clinician: ClinicianKey, repeat: bool, hasty: bool, crash: str) -> None:
        known = self.model.clinician(clinician)
        key = known.last_key if repeat and known.last_key else f"key{next(self.numbers)}"
        got = self.crashing_pull(clinician, key, hasty, crash)
        try:
            expected = self.model.pull(clinician, key)
        except Refused as error:
            refused = str(error)
        else:
            refused = ""
        if refused:
            assert type(got).__name__ == refused
            if isinstance(got, AlreadyInVisit):
                assert known.active is not None
                assert got.visit.id == known.active.id
        elif isinstance(expected, ModelVisit):
            assert isinstance(got, Visit)
            assert got.id == expected.id
        elif expected is None or got is None:
            assert got is expected
            self.model.nothing_pulled(clinician, key)
        else:
            assert isinstance(got, Visit)
            assert got.ticket == expected.id
            visit = ModelVisit(got.id, expected, clinician, got.epoch, undo_over=hasty)
            self.model.called(clinician, key, visit, due=hasty)

    @rule(clinician=st.sampled_from(CLINICIANS))
    def a_visit_goes_on(self, clinician: ClinicianKey) -> None:
        """The way to most of what can happen: on duty, a call, an answer."""
        known = self.model.clinician(clinician)
        if known.active is None:
            self.set_duty(clinician, QUEUES, ("no", "sv"))
            self.pull(clinician, False, False, "")
        visit = known.active
        if visit is not None and visit.state == "called":
            ticket, epoch = visit.ticket, visit.epoch
            ids = (TicketId(ticket.id), PatientKey(ticket.patient))
            self.run(self.slow.answer(self.ref(ticket.queue), *ids, epoch))
            self.model.answer(ticket, epoch)

    def crashing_pull(self, clinician: ClinicianKey, key: str, hasty: bool, crash: str) -> object:
        """A pull; after a crash half-way, somebody looks or not, and the same key comes again."""
        known = self.model.clinician(clinician)
        if crash:
            # Of a clinician who serves two queues, too, the last step.
            script = "both/pull" if self.link.one_server else "queue/pull"
            setattr(self.link, crash, script)
        store = self.store(hasty)
        for _ in range(2):
            try:
                return self.run(store.pull(self.provider, clinician, key))
            except QueueError as error:
                return error
            except Cut:
                if crash == "before":
                    repeated = known.visit is not None and known.last_key == key
                    self.given_up_and_late(clinician, store, repeated)
            finally:
                self.link.before = self.link.after = ""
        raise AssertionError("cut twice")

    def given_up_and_late(self, clinician: ClinicianKey, store: QueueStore, repeated: bool) -> None:
        """The step that was cut off arrives when somebody has settled already that it did not
        happen: it must not count. A repeat of one that did finds its visit, however late."""
        active = self.model.clinician(clinician).active
        visit = self.run(store.duty(self.provider, clinician)).visit
        assert (visit and visit.id) == (active and active.id)
        if self.link.one_server:
            with suppress(NotOnDuty):
                late = self.run(self.link.arrive(newest=True))
                assert repeated or "pulled" not in late
        else:
            with nullcontext() if repeated else pytest.raises(StaleEpoch):
                self.run(self.link.arrive(newest=True))

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, hasty=st.booleans(), cut=rarely)
    def give_back(self, number: int, by: str, stale: bool, hasty: bool, cut: bool) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        self.ending(
            lambda: self.store(hasty).give_back(ref, VisitId(visit.id), ClinicianKey(who), epoch),
            lambda: self.model.give_back(visit, who, epoch, due=hasty),
            cut,
        )

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, cut=rarely)
    def hang_up(self, number: int, by: str, stale: bool, cut: bool) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        self.ending(
            lambda: self.slow.hang_up(ref, VisitId(visit.id), ClinicianKey(who), epoch),
            lambda: self.model.hang_up(visit, who, epoch),
            cut,
        )

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, hasty=st.booleans(), cut=rarely)
    def undo_pull(self, number: int, by: str, stale: bool, hasty: bool, cut: bool) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        self.ending(
            lambda: self.store(hasty).undo_pull(ref, VisitId(visit.id), ClinicianKey(who), epoch),
            lambda: self.model.undo_pull(visit, who, epoch, due=hasty),
            cut,
        )

    @precondition(lambda self: self.model.tickets)
    @rule(number=pick, clinician=st.sampled_from(CLINICIANS), repeat=rarely, hasty=st.booleans())
    def pull_ticket(self, number: int, clinician: ClinicianKey, repeat: bool, hasty: bool) -> None:
        ticket, known = self.ticket(number), self.model.clinician(clinician)
        key = known.last_key if repeat and known.last_key else f"key{next(self.numbers)}"
        before: list[ModelVisit | None] = []
        call = self.store(hasty).pull_ticket(
            self.ref(ticket.queue), TicketId(ticket.id), clinician, key, "a reason"
        )
        got = self.same(call, lambda: before.append(self.model.pull_ticket(clinician, key, ticket)))
        if got is None:
            return
        if before[0] is not None:
            assert got.id == before[0].id
            return
        assert got.ticket == ticket.id
        visit = ModelVisit(got.id, ticket, clinician, got.epoch, undo_over=hasty)
        self.model.called(clinician, key, visit, due=hasty)

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, hasty=st.booleans())
    def vanish(self, number: int, hasty: bool) -> None:
        """No sign of the clinician for the time of the lease, and the clock's step for it."""
        visit, store = self.visit(number), self.store(hasty)
        ref, most = self.ref(visit.ticket.queue), 100

        async def vanish() -> None:
            await store._link.queue("hold_on", ref, visit.id, visit.clinician, 0)
            if visit.state == "held":  # a sign of life it was; go again
                await store._link.queue("hold_on", ref, visit.id, visit.clinician, 0)
            verb, (_, *args) = store._steps(ref)["holders"]
            await store._do(ref, await store._link.queue(verb, ref, most, *args))

        if visit.state == "held":
            visit.state = "live"
        self.run(vanish())
        self.model.vanish(visit, grace_over=hasty, due=hasty)

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, clinician=st.sampled_from(CLINICIANS))
    def take_over(self, number: int, clinician: ClinicianKey) -> None:
        visit, key, moves = self.visit(number), f"key{next(self.numbers)}", [False]
        ref = self.ref(visit.ticket.queue)

        def expected() -> None:
            moves[0] = self.model.take_over(visit, clinician, key)

        got = self.same(self.slow.take_over(ref, VisitId(visit.id), clinician, key), expected)
        if moves[0]:
            self.model.taken_over(visit, clinician, key, got.epoch)

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, hasty=st.booleans(), cut=st.sampled_from(CUTS))
    def transfer(self, number: int, by: str, stale: bool, hasty: bool, cut: str) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        ticket, out = visit.ticket, [False]
        target = next(queue for queue in QUEUES if queue != ticket.queue)

        def expected() -> None:
            out[0] = self.model.transfer(visit, who, epoch, target, due=hasty)

        self.link.before = cut
        with suppress(Cut):
            store = self.store(hasty)
            call = store.transfer(ref, VisitId(visit.id), ClinicianKey(who), epoch, target)
            self.same(call, expected)
        self.link.before = ""
        # A late second step has a test of its own: here it would bring in what the model has not.
        self.link.under_way = [step for step in self.link.under_way if "transfer" not in step[0]]
        if ticket.state is TicketState.TRANSFERRING:
            self.look_after(ticket, due=hasty)

    def look_after(self, ticket: ModelTicket, due: bool) -> None:
        """If it has arrived in the other queue, the model's does too."""
        old = self.run(self.slow.read_ticket(self.ref(ticket.queue), TicketId(ticket.id)))
        try:
            there = self.run(self.slow.find(self.ref(ticket.moved_to), ticket.patient))
        except QueueError:
            there = None
        if old.state is TicketState.TRANSFERRED:
            assert there is not None
            assert there.id == old.moved_ticket
            self.model.arrive(ticket, there.id, there.number, due)

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, hasty=st.booleans())
    def ring_again(self, number: int, by: str, stale: bool, hasty: bool) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        call = self.store(hasty).ring_again(ref, VisitId(visit.id), ClinicianKey(who), epoch)
        self.same(call, lambda: self.model.ring_again(visit, who, epoch))

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_anybody, stale=rarely, key=st.sampled_from(["k1", "k2"]))
    def say(self, number: int, by: str, stale: bool, key: str) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        person, id_ = ClinicianKey(who), VisitId(visit.id)
        call = self.slow.say(ref, id_, person, epoch, key, f"line {number}", RING)
        text = f"line {number}"
        if self.same(call, lambda: self.model.say(visit, who, epoch, key, text)) is not None:
            heard, count = self.run(self.slow.hear(ref, id_, person, 0, RING))
            told = [(line.role, line.text) for line in heard]
            # Also what a colleague said before this clinician took over.
            said = [(role, text) for _, _, role, text in visit.chat]
            guest = visit.guest(who)
            assert told == said[guest.heard_from if guest else 0 :][:AT_ONCE]
            assert count == len(visit.chat)

    # Guests

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_staff, stale=rarely, key=guest_key, old=rarely, due=rarely)
    def invite(self, number: int, by: str, stale: bool, key: str, old: bool, due: bool) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        at = next(self.numbers)
        asked = ModelGuest(f"guest{at}", "", key, f"digest{at}", due=due)
        if old and (known := [each for each in visit.guests.values() if each.key == key]):
            asked.digest = known[0].digest  # the very same step, said again
        inviter = self.inviter(by, who)
        invitation = Invitation(
            key, "guardian", GuestId(asked.id), asked.digest, 0 if due else HOUR_MS
        )
        call = self.slow.invite(ref, VisitId(visit.id), inviter, epoch, invitation)
        most = QueueSettings().guests
        acting = "" if by == "backend" else who
        done = self.same(call, lambda: self.model.invite(visit, acting, epoch, asked, most))
        if done is not None:
            after, guest = done
            assert visit.guests[guest.seat].id == guest.id
            assert visit.guests[guest.seat].key == key
            assert after.mode == "bridge"
            self.guests[guest.id] = (visit.id, visit.guests[guest.seat])

    @precondition(lambda self: self.some_guests())
    @rule(number=pick, forged=rarely, key=st.sampled_from(["k1", "k2"]))
    def redeem(self, number: int, forged: bool, key: str) -> None:
        visit, guest = self.some_guest(number)
        digest = "forged" if forged else guest.digest
        call = self.slow.redeem(
            self.ref(visit.ticket.queue), VisitId(visit.id), GuestId(guest.id), digest, key
        )
        self.same(call, lambda: self.model.redeem(visit, guest.id, digest, key))

    @precondition(lambda self: self.some_guests())
    @rule(number=pick)
    def leave_visit(self, number: int) -> None:
        visit, guest = self.some_guest(number)
        ref, who = self.ref(visit.ticket.queue), GuestId(guest.id)
        call = self.slow.leave_visit(ref, VisitId(visit.id), who)
        self.same(call, lambda: self.model.leave_visit(visit, guest.id))

    @precondition(lambda self: self.some_guests())
    @rule(number=pick, by=by_staff, stale=rarely, seat=st.sampled_from(["guest1", "guest2"]))
    def remove_guest(self, number: int, by: str, stale: bool, seat: str) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        call = self.slow.remove_guest(ref, VisitId(visit.id), self.inviter(by, who), epoch, seat)
        acting = "" if by == "backend" else who
        self.same(call, lambda: self.model.remove_guest(visit, acting, epoch, seat))

    @staticmethod
    def inviter(by: str, who: str) -> Inviter:
        return Inviter.backend("booking") if by == "backend" else Inviter(who, "clinician")

    def some_guests(self) -> list[tuple[ModelVisit, ModelGuest]]:
        """Also those whose visit has ended since."""
        return [(self.model.visits[visit], guest) for visit, guest in self.guests.values()]

    def some_guest(self, number: int) -> tuple[ModelVisit, ModelGuest]:
        every = list(reversed(self.some_guests()))
        open_ = [each for each in every if each[0].guest(each[1].id) is not None]
        some = open_ if open_ and number % 4 else every
        return some[number // 4 % len(some)]

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, by=by_whom, stale=rarely, outcome=st.sampled_from(Outcome))
    def set_outcome(self, number: int, by: str, stale: bool, outcome: Outcome) -> None:
        visit, ref, who, epoch = self.somebody_with(number, by, stale)
        call = self.slow.set_outcome(ref, VisitId(visit.id), ClinicianKey(who), epoch, outcome)
        self.same(call, lambda: self.model.set_outcome(visit, who, epoch, outcome.value))

    @precondition(lambda self: self.model.visits)
    @rule(number=pick, stale=rarely, late=rarely, node=st.sampled_from(["m1", "m2"]))
    def place_media(self, number: int, stale: bool, late: bool, node: str) -> None:
        visit, ref, _, epoch = self.somebody_with(number, "clinician", stale)
        media_epoch = visit.media_epoch - late
        call = self.slow.place_media(ref, VisitId(visit.id), epoch, node, media_epoch)
        placed = self.same(call, lambda: self.model.place_media(visit, epoch, node, media_epoch))
        if placed is not None:
            assert (placed.media_node, placed.media_epoch) == (visit.media_node, visit.media_epoch)

    @rule(number=pick, calls=st.booleans())
    def somebody_who_slept(self, number: int, calls: bool) -> None:
        """Whatever they ask for is of an assignment before the present one: all of it is refused,
        and the invariants see that nothing has changed."""
        if calls:
            self.pull(CLINICIANS[number % 2], False, False, "")
        if not self.model.visits:
            return
        visit, ref, who, epoch = self.somebody_with(number, "clinician", True)
        model, ticket, slow = self.model, visit.ticket, self.slow
        of_ticket = (ref, TicketId(ticket.id), PatientKey(ticket.patient), epoch)
        of_visit = (ref, VisitId(visit.id), ClinicianKey(who), epoch)
        other = next(queue for queue in QUEUES if queue != ticket.queue)
        done, referred = Outcome.COMPLETED, Outcome.REFERRED
        tries: list[tuple[Callable[[], Awaitable[Any]], Callable[[], Any]]] = [
            (lambda: slow.answer(*of_ticket), lambda: model.answer(ticket, epoch)),
            (lambda: slow.decline(*of_ticket), lambda: model.decline(ticket, epoch)),
            (lambda: slow.give_back(*of_visit), lambda: model.give_back(visit, who, epoch, False)),
            (lambda: slow.undo_pull(*of_visit), lambda: model.undo_pull(visit, who, epoch, False)),
            (
                lambda: slow.hang_up(*of_visit, done),
                lambda: model.hang_up(visit, who, epoch),
            ),
            (
                lambda: slow.transfer(*of_visit, other),
                lambda: model.transfer(visit, who, epoch, other, False),
            ),
            (lambda: slow.ring_again(*of_visit), lambda: model.ring_again(visit, who, epoch)),
            (
                lambda: slow.set_outcome(*of_visit, referred),
                lambda: model.set_outcome(visit, who, epoch, "referred"),
            ),
            (
                lambda: slow.say(*of_visit, "k0", "old", RING),
                lambda: model.say(visit, who, epoch, "k0", "old"),
            ),
            (
                lambda: slow.remove_guest(
                    ref, VisitId(visit.id), Inviter(who, "clinician"), epoch, "guest1"
                ),
                lambda: model.remove_guest(visit, who, epoch, "guest1"),
            ),
            (
                lambda: slow.place_media(ref, VisitId(visit.id), epoch, "m9", visit.media_epoch),
                lambda: model.place_media(visit, epoch, "m9", visit.media_epoch),
            ),
        ]
        for call, expected in tries:
            self.same(call(), expected)

    def somebody_with(
        self, number: int, by: str, stale: bool
    ) -> tuple[ModelVisit, QueueRef, str, int]:
        visit = self.visit(number)
        people = {"patient": visit.ticket.patient, "clinician": visit.clinician}
        people |= {seat: guest.id for seat, guest in visit.guests.items()}
        who = people.get(by, "somebody-else")
        return visit, self.ref(visit.ticket.queue), who, visit.epoch - stale

    # The clock

    @rule(queue=st.sampled_from(QUEUES), hasty=st.booleans(), cut=rarely)
    def sweep(self, queue: str, hasty: bool, cut: bool) -> None:
        self.model.sweep(queue, due=hasty)
        moving = self.model.moving(queue)
        self.link.before = "clinician/release" if cut else ""
        # Once for the rings, once for graces that begin and end there, once more for what a cut
        # left undone.
        for _ in range(3):
            with suppress(Cut):
                self.run(self.store(hasty).sweep(self.ref(queue)))
        self.link.before = ""
        for ticket in moving:
            self.look_after(ticket, due=hasty)
            assert ticket.state is TicketState.TRANSFERRED

    @rule(queue=st.sampled_from(QUEUES), really=rarely)
    def close(self, queue: str, really: bool) -> None:
        """The end of the day, or a node whose clock or timetable is ahead of the store's."""
        ends_ms, said = (0, "") if really else ((HOUR_MS**2, ""), (0, "1"))[next(self.numbers) % 2]
        self.run(self.link.queue("close", self.ref(queue), 100, ends_ms, said, HOUR_MS))
        if really:
            self.model.close(queue)

    @precondition(lambda self: self.link.under_way)
    @rule()
    def a_release_arrives_late(self) -> None:
        """It names its visit, so it must not free the clinician from the next one."""
        self.run(self.link.arrive())

    # What must hold after every step

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        QueueMachine.steps += 1
        for queue, (records, line) in self.run(self.look()).items():
            queue_checks.line(self.model, queue, line)
            queue_checks.records(self.model, queue, records)
            queue_checks.indexes(self.model, queue, records)
            self.check_version(queue, records)
        active = [visit for visit in self.model.visits.values() if visit.state != "ended"]
        assert len({visit.clinician for visit in active}) == len(active)

    async def look(self) -> dict[str, tuple[dict[str, Any], Line]]:
        found = await asyncio.gather(*(self.look_at(queue) for queue in QUEUES))
        return dict(zip(QUEUES, found, strict=True))

    async def look_at(self, queue: str) -> tuple[dict[str, Any], Line]:
        """Every key of a queue, as it lies in the store, and its line."""
        ref = self.ref(queue)
        names = [keys.queue_key(ref, name) for name in LOOKED_AT]
        kinds = list(LOOKED_AT.values())
        seconds, *found = await self.link.do(lambda _: self.looking(keys=names, args=kinds))
        got = dict(zip(LOOKED_AT, map(shaped, kinds, found), strict=True))
        counted = [got["meta"].get(name) for name in META]
        time = (int(seconds[0]), int(seconds[1]))
        line = line_of(ref, time, counted, *(got[name] for name in LINE))
        for name in ("tickets", "visits"):
            got[name] = {k.decode(): msgpack.unpackb(v) for k, v in got[name].items()}
        got["patients"] = {k.decode(): v.decode() for k, v in got["patients"].items()}
        return got, line

    def check_version(self, queue: str, records: dict[str, Any]) -> None:
        """Whatever anybody can see changes with a new version, which never goes back."""
        hidden = (
            "connection",
            "replaced",
            "away_until_ms",
            "forget_ms",
            "holder_until_ms",
            "shared",
            "node",
            "vanished",
        )
        visible = {
            key: {name: value for name, value in record.items() if name not in hidden}
            for kind in ("tickets", "visits")
            for key, record in records[kind].items()
        }
        version = int(records["meta"].get(b"version", 0))
        before_version, before = self.seen.get(queue, (0, {}))
        assert version >= before_version
        assert version > before_version or visible == before
        self.seen[queue] = (version, visible)


def test_any_order_of_verbs_does_what_the_model_does(store_url: str) -> None:
    run_state_machine_as_test(
        lambda: QueueMachine(store_url),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            # Two slow cores with everything else on them.
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert QueueMachine.steps >= LEAST
    _logger.info("%d steps, the store compared with the model after each", QueueMachine.steps)


@pytest.mark.parametrize("script", FENCED)
def test_a_script_without_its_epoch_check_is_caught(store_url: str, script: str) -> None:
    """What holds above would not hold anyway."""
    assert len(EPOCH_CHECK.findall(scripts.sources()[f"queue/{script}"])) == 1
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_state_machine_as_test(
            lambda: QueueMachine(store_url, broken=f"queue/{script}"),
            settings=settings(
                max_examples=200,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
