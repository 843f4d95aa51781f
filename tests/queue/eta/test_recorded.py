from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kolapp_queue import keys
from kolapp_queue.audit_export import export
from kolapp_queue.audit_writer import writing
from kolapp_queue.eta.history import Event, Step, weekday
from kolapp_queue.eta.recorded import NotRecorded, Reader
from kolapp_queue.model import QueueRef
from kolapp_queue.settings import AuditSettings
from kolapp_queue.store import QueueStore
from store_people import DOCTOR, join, pull

MONDAY_MS = 1_736_150_400_000  # 2025-01-06, 08:00 UTC


def line(second: float, step: str, state: str, ticket: str = "a", **more: object) -> str:
    ms = MONDAY_MS + int(second * 1000)
    event = {
        "step": step, "state": state, "ticket": ticket, "class": "1", "actor": "doc",
        "number": 7, "ms": ms, "order_key": ms,
    } | more  # fmt: skip
    return json.dumps({"kind": "event", "queue": "q", "id": "1-0", "n": 1, "event": event})


def steps(*lines: str) -> list[tuple[Step, float]]:
    events = Reader("q").read(lines)
    return [(event.step, round(event.at_s - events[0].at_s, 3)) for event in events]


def test_a_visit_is_a_join_a_start_and_an_end() -> None:
    lines = [
        line(0, "join", "waiting", order_key=MONDAY_MS - 90_000),
        line(5, "go_away", "waiting"),
        line(60, "pull", "called"),
        line(70, "answer", "in_visit"),
        line(75, "hold", "in_visit"),
        line(600, "hang_up", "completed"),
        line(610, "correct_outcome", "completed"),
    ]
    joined, started, ended = Reader("q").read(lines)
    assert joined == Event(joined.at_s, Step.JOINED, 7, "1", 90.0)
    assert (started.step, started.at_s - joined.at_s, started.server) == (Step.STARTED, 60, "doc")
    assert (ended.step, ended.at_s - joined.at_s, ended.server) == (Step.ENDED, 600, "doc")
    assert (weekday(joined.at_s), joined.at_s % 86_400) == (0, 8 * 3600)


@pytest.mark.parametrize("step", ["leave", "expire", "close", "erase"])
def test_who_leaves_the_line_gave_up(step: str) -> None:
    told = steps(line(0, "join", "waiting"), line(9, step, "left"))
    assert told == [(Step.JOINED, 0), (Step.LEFT, 9)]


def test_a_missed_call_frees_the_clinician_and_keeps_the_place() -> None:
    lines = [
        line(0, "join", "waiting"),
        line(60, "pull", "called"),
        line(90, "miss", "waiting", order_key=MONDAY_MS),
        line(120, "pull", "called"),
    ]
    events = Reader("q").read(lines)
    found = [event.step for event in events]
    assert found == [Step.JOINED, Step.STARTED, Step.ENDED, Step.JOINED, Step.STARTED]
    assert events[3].at_s - events[3].credit_s == events[0].at_s
    assert {event.ticket for event in events} == {7}


def test_what_an_operator_says_to_all_moves_nobody() -> None:
    said = json.loads(line(5, "set_notice", ""))
    for name in ("ticket", "state", "number"):
        del said["event"][name]
    assert steps(line(0, "join", "waiting"), json.dumps(said)) == [(Step.JOINED, 0)]


def test_only_the_queue_asked_for_and_only_events_are_read() -> None:
    gap = json.dumps({"kind": "gap", "queue": "q", "missing": 3, "why": "trimmed"})
    other = line(0, "join", "waiting").replace('"queue": "q"', '"queue": "r"')
    assert Reader("q").read([gap, other, "\n"]) == []


@pytest.mark.parametrize("broken", ["{", "[]", json.dumps({"kind": "event", "queue": "q"})])
def test_another_format_is_named_by_its_line(broken: str) -> None:
    with pytest.raises(NotRecorded, match="line 2 "):
        Reader("q").read([line(0, "join", "waiting"), broken])


async def test_what_the_store_wrote_and_the_audit_exported_is_understood(
    store: QueueStore, ref: QueueRef, tmp_path: Path
) -> None:
    """Through every part that is between a patient and `kolapp eta backtest --format audit`."""
    anna, bo, _ = [await join(store, ref, name) for name in ("anna", "bo", "cleo")]
    visit = await pull(store, ref)
    await store.answer(ref, anna.id, anna.patient, visit.epoch)
    await store.hang_up(ref, visit.id, DOCTOR, visit.epoch)
    await store.leave(ref, bo.id, bo.patient)
    await pull(store, ref)
    await store._link.do(lambda redis: redis.delete(keys.AUDIT))
    async with writing(store._link, AuditSettings(tmp_path)) as writer:
        assert writer is not None
        await writer.write_all()
    await store._link.do(lambda redis: redis.delete(keys.AUDIT))
    today = datetime.now(UTC).date()
    records = export(tmp_path, ref.provider, today - timedelta(days=1), today)
    lines = [line.decode() for line in records]
    told = [(event.step, event.ticket) for event in Reader(ref.queue).read(lines)]
    assert told == [
        (Step.JOINED, 1), (Step.JOINED, 2), (Step.JOINED, 3), (Step.STARTED, 1), (Step.ENDED, 1),
        (Step.LEFT, 2), (Step.STARTED, 3),
    ]  # fmt: skip
