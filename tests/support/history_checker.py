"""What clients did and were told, held against what the store says happened. Pure.

A queue gives every change a version, so its stream of events is one order of all that happened; no
other order needs to be searched for, and one pass finds everything that must not be. The stream is
not believed by itself: whatever a client was told must be in it, as it was told.

`check` returns one sentence for each thing that is wrong; [] is what a run must give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from kolapp_queue.eligibility import fits
from kolapp_queue.states import AFTERWARDS, ENDED, ORDERS, STEPS, TicketState

# A pull passes over whoever is called or seen in another queue at a moment of that very pull. Of
# one whose client died before the answer it is not known when it began: not longer ago than this.
PULL_MS = 1_500
PULLS = ("pull", "pull_ticket")
# Steps after which nobody is assigned to the ticket any more.
RELEASES = ("miss", "give_back", "undo_pull", "clinician_gone")
# What a client's verb must have left in the stream, under the epoch that the client gave.
FENCED = {
    "answer": ("answer", "answer_again"),
    "decline": ("decline",),
    "give_back": ("give_back",),
    "undo_pull": ("undo_pull",),
    "transfer": ("transfer",),
}
# These may find the step done by somebody else, but never an assignment that is not theirs.
HELD = ("hang_up", "set_outcome", "ring_again", "place_media")
ALLOWED = {(step.name, step.before): step.after for step in STEPS}

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One verb of one client process; neither answered nor refused: nothing is known."""

    verb: str
    args: Mapping[str, Any]
    began_ms: int
    answer: Mapping[str, Any] | None = None
    refused: str = ""


@dataclass(slots=True)
class Place:
    """A ticket while its events are read."""

    id: str
    patient: str
    number: int
    order_key: int | None  # None: not known until the end
    needs: str | None  # class; None: not known
    present: bool | None
    state: TicketState | None = None
    visit: str | None = None
    epoch: int = 0
    from_ms: int = 0
    until_ms: int | None = None


@dataclass
class Assignment:
    queue: str
    ticket: str
    visit: str
    epoch: int
    clinician: str
    from_ms: int
    until_ms: int | None = None


@dataclass
class Read:
    """All that one pass over the streams gives."""

    wrong: list[str] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    pulls: list[tuple[str, Event, Place, list[Place]]] = field(default_factory=list)
    steps: dict[tuple[str, str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    tickets: dict[tuple[str, str], Place] = field(default_factory=dict)


def check(
    calls: Iterable[Call],
    streams: Mapping[str, Iterable[Event]],
    records: Mapping[str, Mapping[str, Any]],
    profiles: Mapping[str, str],
) -> list[str]:
    """`streams` and `records` (tickets by id) by queue; `profiles`: each clinician's, spelled."""
    known = list(calls)
    needs = {call.args["ticket"]: call.args["needs"] for call in known if call.verb == "join"}
    read = Read()
    for queue, events in streams.items():
        _replay(read, queue, events, needs, records[queue])
    return [
        *read.wrong,
        *_doubles(read.assignments),
        *_order(read, profiles, _begun(known)),
        *(sentence for call in known for sentence in _told(read, call)),
    ]


def _replay(
    read: Read,
    queue: str,
    events: Iterable[Event],
    needs: Mapping[str, str],
    records: Mapping[str, Any],
) -> None:
    places: dict[str, Place] = {}
    open_: dict[str, Assignment] = {}  # by visit
    version = number = epoch = 0
    for event in events:
        step, name = event["step"], f"{queue} version {event['version']}"
        if event["version"] <= version:
            read.wrong.append(f"{name}: comes after version {version}")
        version = event["version"]
        if step in ORDERS:
            continue
        if step in AFTERWARDS:
            read.steps[queue, step, event["visit"]].add(event["epoch"])
            continue
        place = places.get(event["ticket"])
        if place is None:
            place = _drawn(event, needs, records)
            places[place.id] = read.tickets[queue, place.id] = place
            rivals = [p for p in places.values() if p.patient == place.patient and p is not place]
            if any(rival.state not in ENDED for rival in rivals):
                read.wrong.append(f"{name}: a second active ticket of {place.patient}")
            if place.number <= number:
                read.wrong.append(f"{name}: number {place.number} is not above {number}")
            number = max(number, place.number)
        elif step == "arrive":
            place.order_key = records.get(place.id, {}).get("order_key")
        before, after = place.state, TicketState(event["state"])
        moved_up = step == "arrive" and before is TicketState.WAITING
        if not moved_up and ALLOWED.get((step, before)) is not after:
            read.wrong.append(f"{name}: {step} takes {place.id} from {before} to {after}")
        read.steps[queue, step, event["ticket"]].add(event["epoch"])
        if event.get("visit"):
            read.steps[queue, step, event["visit"]].add(event["epoch"])
        if step in PULLS or step == "take_over":
            if event["epoch"] <= epoch:
                read.wrong.append(f"{name}: epoch {event['epoch']} is not above {epoch}")
            epoch = max(epoch, event["epoch"])
        if step == "pull":
            ahead = [p for p in places.values() if p.state is TicketState.WAITING and p.present]
            read.pulls.append((queue, event, place, [_copy(p) for p in ahead if p is not place]))
        _assign(read, queue, event, place, open_)
        place.state = after
        if after in ENDED:
            place.until_ms = event["ms"]
        place.present = _present(step, place.present)


def _drawn(event: Event, needs: Mapping[str, str], records: Mapping[str, Any]) -> Place:
    arrived = event["step"] == "arrive"
    record = records.get(event["ticket"], {})
    return Place(
        id=event["ticket"],
        patient=event["patient"],
        number=event["number"],
        order_key=record.get("order_key") if arrived else event["ms"],
        needs=None if arrived else needs.get(event["ticket"]),
        present=None if arrived else True,
        from_ms=event["ms"],
    )


def _copy(place: Place) -> Place:
    return Place(place.id, place.patient, place.number, place.order_key, place.needs, place.present)


def _present(step: str, before: bool | None) -> bool | None:
    if step in ("go_away", "miss"):
        return False
    return True if step in ("come_back", "join", "restore") else before


def _assign(
    read: Read, queue: str, event: Event, place: Place, open_: dict[str, Assignment]
) -> None:
    """Who is assigned to whom from this event on."""
    step, visit, name = event["step"], event.get("visit"), f"{queue} version {event['version']}"
    if step in PULLS or step == "take_over":
        if step == "take_over" and visit in open_:
            open_.pop(visit).until_ms = event["ms"]
        mine = Assignment(queue, place.id, str(visit), event["epoch"], event["actor"], event["ms"])
        if visit in open_:
            read.wrong.append(f"{name}: visit {visit} is given out twice")
        open_[str(visit)] = mine
        read.assignments.append(mine)
        place.visit, place.epoch = visit, event["epoch"]
        return
    current = open_.get(place.visit or "")
    if current is not None and event["role"] == "clinician" and event["actor"] != current.clinician:
        read.wrong.append(f"{name}: {step} by {event['actor']}, but {current.clinician} holds it")
    if current is not None and event["epoch"] != current.epoch:
        read.wrong.append(f"{name}: {step} under epoch {event['epoch']} not {current.epoch}")
    over = TicketState(event["state"]) in ENDED or event["state"] == "transferring"
    if current is not None and (step in RELEASES or over):
        open_.pop(current.visit).until_ms = event["ms"]
        place.visit, place.epoch = None, 0


def _doubles(assignments: list[Assignment]) -> Iterator[str]:
    """At most one clinician an epoch, and one visit a clinician, across all queues."""
    by_clinician: dict[str, list[Assignment]] = defaultdict(list)
    for one in assignments:
        by_clinician[one.clinician].append(one)
    for clinician, mine in by_clinician.items():
        mine.sort(key=lambda one: one.from_ms)
        for earlier, later in pairwise(mine):
            if earlier.until_ms is None or earlier.until_ms > later.from_ms:
                yield f"{clinician} holds {earlier.visit} and {later.visit} at one time"


def _begun(calls: list[Call]) -> dict[str, int]:
    """When each pull began, by the visit that it was answered with; the first of those repeated."""
    begun: dict[str, int] = {}
    for call in calls:
        if call.verb in PULLS and call.answer:
            visit = call.answer["id"]
            begun[visit] = min(call.began_ms, begun.get(visit, call.began_ms))
    return begun


def _order(read: Read, profiles: Mapping[str, str], begun: Mapping[str, int]) -> Iterator[str]:
    """Nobody present who fits stands before who is pulled, but who is busy elsewhere."""
    held = _busy(read)
    for queue, event, pulled, ahead in read.pulls:
        for other in ahead:
            if other.needs is None or other.order_key is None or pulled.order_key is None:
                continue
            if not fits(other.needs, profiles[event["actor"]], event["actor"]):
                continue
            if (other.order_key, other.number) > (pulled.order_key, pulled.number):
                continue
            since = begun.get(event["visit"], event["ms"] - PULL_MS)
            if not any(
                one.queue != queue
                and one.from_ms <= event["ms"]
                and (one.until_ms is None or since <= one.until_ms)
                for one in held[other.patient]
            ):
                yield (
                    f"{queue} version {event['version']}: {pulled.id} is pulled by"
                    f" {event['actor']} before {other.id}, who waits longer"
                )


def _busy(read: Read) -> dict[str, list[Assignment]]:
    """When each patient was called or seen, and where."""
    found: dict[str, list[Assignment]] = defaultdict(list)
    for one in read.assignments:
        found[read.tickets[one.queue, one.ticket].patient].append(one)
    return found


def _told(read: Read, call: Call) -> Iterator[str]:
    """Whatever a client was told has happened, and under the epoch it was told."""
    answer, queue = call.answer, call.args.get("queue", "")
    if answer is None:
        return
    verb, epoch = call.verb, call.args.get("epoch", 0)
    subject = call.args.get("visit") or call.args.get("ticket") or ""
    if "number" in answer and "clinician" not in answer:
        place = read.tickets.get((answer["queue"], answer["id"]))
        if place is None:
            yield f"{verb}: ticket {answer['id']} was told to a client and never happened"
        elif place.number != answer["number"]:
            yield f"{verb}: {place.id} has number {place.number}, not {answer['number']}"
    if "clinician" in answer:
        told = (answer["queue"], answer["ticket"], answer["epoch"], answer["clinician"])
        mine = [one for one in read.assignments if one.visit == answer["id"]]
        if told not in {(one.queue, one.ticket, one.epoch, one.clinician) for one in mine}:
            yield f"{verb}: visit {answer['id']} was told as {told} and never was so"
    if verb in FENCED and not any(
        epoch in read.steps[queue, step, subject] for step in FENCED[verb]
    ):
        yield f"{verb}: a stale epoch won: {subject} under {epoch} was accepted"
    if verb in HELD and not _was_current(read, queue, subject, epoch, call.began_ms):
        yield f"{verb}: a stale epoch won: {subject} under {epoch} was accepted"


def _was_current(read: Read, queue: str, visit: str, epoch: int, began_ms: int) -> bool:
    """Whether this was the visit's epoch when it ended, or at some time since the call began."""
    mine = [one for one in read.assignments if (one.queue, one.visit) == (queue, visit)]
    at = next((number for number, one in enumerate(mine) if one.epoch == epoch), None)
    if at is None:
        return False
    return at == len(mine) - 1 or mine[at + 1].from_ms >= began_ms
