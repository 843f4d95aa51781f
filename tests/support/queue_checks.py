"""The store's records against the model's, once for each thing that must hold."""

from __future__ import annotations

from typing import Any

from kolapp_queue.model import Line
from kolapp_queue.places import positions
from kolapp_queue.states import TicketState
from queue_model import QueueModel

CLASS_LENGTH = 2
PLACE_LENGTH = 27  # of class, order key and number, in front of the ticket's id


def line(model: QueueModel, queue: str, line: Line) -> None:
    assert list(line.waiting) == [ticket.id for ticket in model.line(queue)]
    assert positions(line) == model.places(queue)
    on_duty = [c for c in model.clinicians.values() if queue in c.queues]
    assert line.on_duty == len(on_duty)
    live = [v for v in model.visits.values() if v.state in ("live", "held")]
    assert len(line.busy_since_ms) == len([v for v in live if v.ticket.queue == queue])


def records(model: QueueModel, queue: str, records: dict[str, Any]) -> None:
    tickets = {t.id: t for t in model.tickets.values() if t.queue == queue}
    assert records["tickets"].keys() == tickets.keys()
    for ticket in tickets.values():
        record = records["tickets"][ticket.id]
        for name in ("number", "state", "present", "epoch", "missed", "reason"):
            assert record[name] == getattr(ticket, name), (ticket.id, name)
        assert record.get("visit") == ticket.visit
        assert (record["ring_until_ms"] > 0) is ticket.rings
        if ticket.active:
            assert record["connection"] == ticket.connection
    visits = {v.id: v for v in model.visits.values() if v.ticket.queue == queue}
    assert records["visits"].keys() == visits.keys()
    for visit in visits.values():
        record = records["visits"][visit.id]
        names = ("clinician", "epoch", "state", "reason", "outcome", "media_node", "media_epoch")
        for name in names:
            assert record[name] == getattr(visit, name), (visit.id, name)
        guests = {
            guest["seat"]: (guest["id"], guest["state"]) for guest in record.get("guests", ())
        }
        assert guests == {seat: (guest.id, guest.state) for seat, guest in visit.guests.items()}


def indexes(model: QueueModel, queue: str, records: dict[str, Any]) -> None:
    here = [ticket for ticket in model.tickets.values() if ticket.queue == queue]
    active = [ticket for ticket in here if ticket.active]
    assert records["patients"] == {ticket.patient: ticket.id for ticket in active}
    line = model.line(queue)
    expected = {
        "present": [ticket.id for ticket in line if ticket.pulled],
        "away": [ticket.id for ticket in line if not ticket.pulled],
        "grace": [ticket.id for ticket in line if not ticket.present],
        "holders": [v.id for v in model.visits.values() if v.active and v.ticket.queue == queue],
        "linked": [t.id for t in active if t.connection.partition(".")[0].isdigit()],
        "moving": [ticket.id for ticket in here if ticket.state is TicketState.TRANSFERRING],
        "rings": [ticket.id for ticket in here if ticket.state is TicketState.CALLED],
    }
    for name, ids in expected.items():
        found = [member.decode() for member in records[name]]
        if name in ("present", "away"):
            found.sort(key=lambda place: place[CLASS_LENGTH:])
            assert [place[PLACE_LENGTH:] for place in found] == ids, name
        else:
            assert sorted(found) == sorted(ids), name
