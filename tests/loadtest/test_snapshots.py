import pytest
from kolapp_loadtest.snapshots import Snapshots
from scripted_node import ticket


def numbers(snapshots: Snapshots) -> tuple[str, int]:
    assert snapshots.ticket is not None
    return snapshots.ticket["ticket"], snapshots.ticket["version"]


def test_the_same_version_may_bring_a_newer_estimate() -> None:
    snapshots = Snapshots()
    assert snapshots.apply(ticket(4, number=1))
    assert snapshots.apply(ticket(4, number=2))
    assert snapshots.ticket is not None
    assert snapshots.ticket["number"] == 2


def test_a_reply_about_another_ticket_takes_over() -> None:
    snapshots = Snapshots()
    snapshots.apply(ticket(90))
    assert snapshots.apply({**ticket(2, ticket="t2"), "re": 9})
    assert numbers(snapshots) == ("t2", 2)


@pytest.mark.parametrize(("state", "taken"), [("in_visit", False), ("completed", True)])
def test_a_push_about_another_ticket_waits_for_the_end_of_mine(state: str, taken: bool) -> None:
    snapshots = Snapshots()
    snapshots.apply(ticket(90, state=state))
    assert snapshots.apply(ticket(2, ticket="t2")) is taken


def test_duty_has_its_own_version() -> None:
    snapshots = Snapshots()
    snapshots.apply(ticket(90))
    assert snapshots.apply({"type": "duty", "version": 3, "on_duty": True})
    assert not snapshots.apply({"type": "duty", "version": 2, "on_duty": False})
    assert snapshots.duty is not None
    assert snapshots.duty["on_duty"]


def test_anything_else_is_no_snapshot() -> None:
    assert not Snapshots().apply({"type": "pong", "re": 1})
