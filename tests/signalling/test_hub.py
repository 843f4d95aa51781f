"""What becomes of a person when the socket goes and nobody comes back."""

from __future__ import annotations

from drivers import QUEUE, People, Start
from kolapp_signalling.app import Served
from kolapp_signalling.roles import PARTICIPANTS, Role


async def test_the_hub_counts_people_with_a_socket(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    await crowd.clinician(node)
    hub = node.node.hub
    assert [hub.count(role) for role in PARTICIPANTS] == [1, 1, 0]
    await anna.ws.close()
    doctor = await crowd.clinician(node, "second")
    while hub.count(Role.PATIENT):
        await doctor.ask("ping")
    assert len(hub) == 3  # anna's session waits for her


async def test_an_absent_patient_keeps_the_place_and_is_passed_over(
    start: Start, crowd: People
) -> None:
    node = await start(absent_after_ms=1)
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    doctor = await crowd.clinician(node)
    await anna.ws.close()
    ref = next(iter(node.node.queues)).ref
    while (await node.node.store.read_ticket(ref, anna.ticket["ticket"])).present:
        for participant in node.node.hub.absent():
            await participant.tell_absence()
    await doctor.pull()
    await bo.until_state("called")

    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    await again.until_position(1)
    assert again.ticket.get("away", False) is False
    assert (await again.ask("find", queue=QUEUE))["number"] == 1


async def test_a_short_absence_is_nobodys_business(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    await anna.ws.close()
    ref = next(iter(node.node.queues)).ref
    before = await node.node.store.version(ref)
    assert node.node.hub.absent() == []
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    await again.until_position(1)
    assert await node.node.store.version(ref) == before


async def test_nothing_is_kept_of_a_session_that_is_over(start: Start, crowd: People) -> None:
    node = await start(resume_window_ms=1)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    ref = next(iter(node.node.queues)).ref
    audience = node.node.audience
    assert len(audience.tickets(ref)) == 1
    assert len(list(audience.desks(ref.provider))) == 1
    await anna.ws.close()
    await doctor.ws.close()
    while len(node.node.hub):
        await node.node.hub.look_after()
    assert len(audience.tickets(ref)) == 0
    assert list(audience.desks(ref.provider)) == []
