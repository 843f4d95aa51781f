"""The checker finds each thing that must not be, in a history that is otherwise in order."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from history_checker import Call, check

Events = list[dict[str, Any]]
PROFILES = {"eva": "", "finn": ""}
LINES = (
    # step, ticket, state, visit, epoch, role, actor
    ("join", "t1", "waiting", None, 0, "patient", "anna"),
    ("join", "t2", "waiting", None, 0, "patient", "bo"),
    ("pull", "t1", "called", "v1", 1, "clinician", "eva"),
    ("answer", "t1", "in_visit", "v1", 1, "patient", "anna"),
    ("hang_up", "t1", "completed", "v1", 1, "clinician", "eva"),
    ("pull", "t2", "called", "v2", 2, "clinician", "finn"),
    ("miss", "t2", "waiting", "v2", 2, "clock", ""),
    ("come_back", "t2", "waiting", None, 0, "patient", "bo"),
    ("pull", "t2", "called", "v3", 3, "clinician", "eva"),
)
PATIENTS = {"t1": "anna", "t2": "bo"}


def stream() -> Events:
    return [
        {
            "step": step,
            "version": number,
            "ms": 1_000 * number,
            "ticket": ticket,
            "patient": PATIENTS[ticket],
            "number": int(ticket[1]),
            "state": state,
            "visit": visit,
            "epoch": epoch,
            "role": role,
            "actor": actor,
        }
        for number, (step, ticket, state, visit, epoch, role, actor) in enumerate(LINES, 1)
    ]


def joined(ticket: str, number: int, needs: str = "") -> Call:
    args = {"queue": "q", "ticket": ticket, "needs": needs}
    return Call("join", args, 0, {"id": ticket, "queue": "q", "number": number})


def call(verb: str, epoch: int, answer: dict[str, Any], **args: str) -> Call:
    return Call(verb, {"queue": "q", "epoch": epoch, **args}, 5_000, answer)


CALLS = [
    joined("t1", 1),
    joined("t2", 2),
    call("answer", 1, {"id": "t1", "queue": "q", "number": 1}, ticket="t1"),
    Call("answer", {"queue": "q", "ticket": "t2", "epoch": 2}, 0, None, "StaleEpoch"),
]


def found(events: Events, calls: list[Call] = CALLS) -> list[str]:
    return check(calls, {"q": events}, {"q": {}}, PROFILES)


def test_what_is_in_order_is_not_objected_to() -> None:
    assert found(stream()) == []


def change(at: int, /, **fields: Any) -> Callable[[Events], object]:
    return lambda events: events[at - 1].update(fields)


def swap(one: int, other: int) -> Callable[[Events], object]:
    """Who is pulled at these two events."""

    def exchange(events: Events) -> None:
        for name in ("ticket", "patient", "number"):
            first, second = events[one - 1], events[other - 1]
            first[name], second[name] = second[name], first[name]

    return exchange


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (change(4, version=3), "comes after version 3"),
        (change(2, number=1), "number 1 is not above 1"),
        (change(2, patient="anna"), "a second active ticket of anna"),
        (change(4, state="completed"), "answer takes t1"),
        (change(6, epoch=1), "epoch 1 is not above 1"),
        (change(6, actor="eva", ms=4_500), "eva holds v1 and v2 at one time"),
        (change(5, actor="finn"), "hang_up by finn, but eva holds it"),
        (change(4, epoch=9), "answer under epoch 9 not 1"),
        (swap(3, 6), "q version 3: t2 is pulled by eva before t1"),
        (lambda events: events.pop(0), "pull takes t1 from None to called"),
        (lambda events: events.__delitem__(slice(0, None)), "t1 was told to a client and never"),
    ],
)
def test_each_thing_that_must_not_be_is_found(
    wrong: Callable[[Events], object], sentence: str
) -> None:
    events = copy.deepcopy(stream())
    wrong(events)
    assert any(sentence in one for one in found(events)), found(events)


TICKET = {"id": "t2", "queue": "q", "number": 2}
VISIT = {"id": "v1", "queue": "q", "ticket": "t1", "number": 1, "clinician": "eva", "epoch": 1}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (joined("t3", 3), "t3 was told to a client and never happened"),
        (joined("t2", 7), "t2 has number 2, not 7"),
        (call("answer", 2, TICKET, ticket="t2"), "a stale epoch won: t2 under 2"),
        (call("give_back", 1, VISIT, visit="v1"), "a stale epoch won: v1 under 1"),
        (call("hang_up", 2, VISIT, visit="v1"), "a stale epoch won: v1 under 2"),
        (call("pull", 0, VISIT | {"clinician": "finn"}), "never was so"),
        (call("pull", 0, VISIT | {"epoch": 2}), "never was so"),
    ],
)
def test_a_client_that_was_told_what_is_not_so_is_found(told: Call, sentence: str) -> None:
    assert any(sentence in one for one in found(stream(), [*CALLS, told]))


def test_who_does_not_fit_may_be_passed_over() -> None:
    events = stream()
    swap(3, 6)(events)
    skilled = joined("t1", 1, '{"skills":["swedish"]}')
    sentences = found(events[:3], [skilled, joined("t2", 2)])
    assert sentences == []


def elsewhere(ticket_events: list[tuple[str, str, int, str | None, int]]) -> Events:
    """Of anna in another queue."""
    return [
        {
            "step": step,
            "version": number,
            "ms": ms,
            "ticket": "t9",
            "patient": "anna",
            "number": 1,
            "state": state,
            "visit": visit,
            "epoch": epoch,
            "role": "clock",
            "actor": "finn",
        }
        for number, (step, state, ms, visit, epoch) in enumerate(ticket_events, 1)
    ]


JOINED = ("join", "waiting", 500, None, 0)
PULLED = ("pull", "called", 2_100, "v9", 1)


@pytest.mark.parametrize(
    ("other", "began_ms", "fine"),
    [
        ([JOINED], None, False),  # waits there too, and that is all
        ([JOINED, PULLED], None, True),
        ([JOINED, PULLED, ("give_back", "waiting", 2_600, "v9", 1)], None, True),
        ([JOINED, PULLED, ("give_back", "waiting", 2_600, "v9", 1)], 2_500, True),
        # Free again before the pull that passed her over began.
        ([JOINED, PULLED, ("give_back", "waiting", 2_600, "v9", 1)], 2_700, False),
        ([JOINED, ("pull", "called", 3_100, "v9", 1)], None, False),  # only later
    ],
)
def test_who_is_busy_elsewhere_during_the_pull_may_be_passed_over(
    other: list[tuple[str, str, int, str | None, int]], began_ms: int | None, fine: bool
) -> None:
    events = stream()
    swap(3, 6)(events)
    calls = [*CALLS[:2]]
    if began_ms is not None:
        answer = {"id": "v1", "queue": "q", "ticket": "t2", "number": 2} | VISIT_OF_EVA
        calls.append(Call("pull", {"queue": "q"}, began_ms, answer))
    wrong = check(calls, {"q": events[:3], "r": elsewhere(other)}, {"q": {}, "r": {}}, PROFILES)
    assert (not any("before t1" in sentence for sentence in wrong)) is fine, wrong


VISIT_OF_EVA = {"clinician": "eva", "epoch": 1}
