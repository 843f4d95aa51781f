"""What a patient may ask, over the wire, on a real store."""

from __future__ import annotations

from drivers import QUEUE, People, Start
from kolapp_signalling.app import Served


async def test_three_join_and_the_third_moves_up_unasked(node: Served, town: People) -> None:
    anna, bo, cleo = [await town.waiting(node, name) for name in ("anna", "bo", "cleo")]
    assert [anna.position, bo.position, cleo.position] == [1, 2, 3]
    assert [anna.ticket["number"], bo.ticket["number"], cleo.ticket["number"]] == [1, 2, 3]

    left = await bo.ask("leave", ticket=bo.ticket["ticket"])
    assert (left["type"], left["state"], left["reason"]) == ("ticket", "left", "left")
    assert left.get("place") is None
    await cleo.until_position(2)
    assert "re" not in cleo.ticket
    assert cleo.ticket["place"]["waiting"] == 2
    assert cleo.ticket["number"] == 3


async def test_joining_twice_gives_the_same_ticket(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    first, second = await anna.join(), await anna.join()
    assert (first["ticket"], first["number"]) == (second["ticket"], second["number"])
    assert second["place"]["position"] == 1


async def test_find_draws_no_number(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    assert await anna.errors("find", queue=QUEUE) == "no_ticket"
    joined = await anna.join()
    assert (await anna.ask("find", queue=QUEUE))["ticket"] == joined["ticket"]


async def test_an_unknown_queue_is_refused_with_the_field(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    reply = await anna.ask("join", queue="elsewhere")
    assert (reply["code"], reply["field"]) == ("unknown_queue", "queue")


async def test_answering_begins_the_visit_and_may_be_repeated(node: Served, town: People) -> None:
    anna, doctor = await town.waiting(node, "anna"), await town.clinician(node)
    await doctor.pull()
    answered = await anna.answer()
    assert (answered["state"], answered["visit"]["state"]) == ("in_visit", "live")
    assert answered["visit"]["id"] == doctor.visit["id"]
    assert answered.get("call") is None
    roles = {p["role"]: p["media"] for p in answered["visit"]["participants"]}
    assert roles == {"patient": "none", "clinician": "none"}
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")

    epoch, ticket = answered["visit"]["epoch"], answered["ticket"]
    again = await anna.ask("answer", ticket=ticket, epoch=epoch)
    assert again["visit"]["id"] == answered["visit"]["id"]


async def test_declining_ends_the_ticket_and_frees_the_clinician(
    node: Served, crowd: People
) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    epoch = anna.ticket["call"]["epoch"]
    declined = await anna.ask("decline", ticket=anna.ticket["ticket"], epoch=epoch)
    assert (declined["state"], declined["reason"]) == ("left", "declined")
    await doctor.until(lambda doctor: doctor.duty.get("ended", {}).get("reason") == "declined")
    assert doctor.duty["on_duty"]
    assert not doctor.visit


async def test_the_patient_hangs_up(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    visit = (await anna.answer())["visit"]
    ended = await anna.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    assert (ended["state"], ended["reason"]) == ("completed", "patient_hung_up")
    await doctor.until(lambda doctor: not doctor.visit)
    # Sent again, because the reply may have been lost: the same answer.
    again = await anna.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    assert again["state"] == "completed"


async def test_somebody_elses_ticket_is_not_there(node: Served, crowd: People) -> None:
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(node, "bo")
    stolen = anna.ticket["ticket"]
    assert await bo.errors("leave", ticket=stolen) == "no_ticket"
    assert await bo.errors("answer", ticket=stolen, epoch=0) == "no_ticket"
    assert await bo.errors("decline", ticket=stolen, epoch=0) == "no_ticket"
    assert await bo.errors("leave", ticket="never-drawn") == "no_ticket"
    assert (await anna.ask("find", queue=QUEUE))["state"] == "waiting"


async def test_somebody_elses_visit_is_not_there(node: Served, crowd: People) -> None:
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(node, "bo")
    doctor = await crowd.clinician(node)
    await doctor.pull()
    visit = (await anna.answer())["visit"]
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await bo.errors("hang_up", **request) == "no_visit"
    assert await bo.errors("offer", **request, generation=1, sdp="v=0") == "no_visit"


async def test_a_stale_epoch_is_refused_and_the_truth_follows(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    epoch, ticket = anna.ticket["call"]["epoch"], anna.ticket["ticket"]
    assert await anna.errors("answer", ticket=ticket, epoch=epoch + 1) == "stale_epoch"
    present = await anna.receive()
    assert (present["type"], present["state"]) == ("ticket", "called")
    assert present["call"]["epoch"] == epoch


async def test_the_wrong_state_is_refused_and_the_truth_follows(
    node: Served, crowd: People
) -> None:
    anna = await crowd.waiting(node, "anna")
    ticket = anna.ticket["ticket"]
    assert await anna.errors("answer", ticket=ticket, epoch=0) == "wrong_state"
    present = await anna.receive()
    assert (present["type"], present["state"], present["ticket"]) == ("ticket", "waiting", ticket)


async def test_no_offer_before_the_answer(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    call = anna.ticket["call"]
    offer = {"visit": call["visit"], "epoch": call["epoch"], "generation": 1, "sdp": "v=0"}
    assert await anna.errors("offer", **offer) == "wrong_state"


async def test_a_call_nobody_answers_is_missed_and_then_a_no_show(
    start: Start, crowd: People
) -> None:
    node = await start(queue_ring_ms=150, queue_resync_ms=100)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    assert 0 < anna.ticket["call"]["answer_within_ms"] <= 200
    await anna.until_state("waiting")
    assert (anna.ticket["missed"], anna.ticket["away"]) == (1, True)
    assert anna.ticket["reason"] == "missed_call"
    await doctor.until(lambda doctor: not doctor.visit)

    # A sign of life makes the ticket present again, at its old place.
    found = await anna.ask("find", queue=QUEUE)
    assert (found.get("away", False), found["place"]["position"]) == (False, 1)
    await doctor.ask("pull", key="key-2")
    await anna.until_state("no_show")
    assert anna.ticket["reason"] == "missed_calls"


async def test_a_patient_may_wait_in_two_queues(start: Start, crowd: People) -> None:
    node = await start(queues=((QUEUE, "Drop-in"), ("nurse", "Nurse")))
    anna = await crowd.patient(node, "anna")
    first, second = await anna.join(), await anna.join("nurse")
    assert first["ticket"] != second["ticket"]
    assert (await anna.ask("leave", ticket=first["ticket"]))["state"] == "left"
    assert (await anna.ask("find", queue="nurse"))["ticket"] == second["ticket"]


async def test_what_the_patient_wrote_is_for_the_clinician_of_the_visit(
    node: Served, town: People
) -> None:
    anna, bo = await town.waiting(node, "anna"), await town.waiting(node, "bo")
    doctor, other = await town.clinician(node), await town.clinician(node, "other")
    ticket = anna.ticket["ticket"]
    wrote = await anna.ask("intake", ticket=ticket, text="Ont i halsen sedan i måndags")
    assert (wrote["type"], wrote["state"]) == ("ticket", "waiting")
    assert await bo.errors("intake", ticket=ticket, text="not mine") == "no_ticket"
    assert await anna.errors("intake", ticket=ticket, text="å" * 8_193) == "too_long"
    assert await anna.errors("intake", ticket=ticket, text="a" * 16_385) == "bad_message"

    visit = (await doctor.pull())["visit"]
    await anna.answer()
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await other.errors("read_intake", **request) == "no_visit"
    assert await anna.errors("read_intake", **request) == "forbidden"
    read = await doctor.ask("read_intake", **request)
    assert (read["type"], read["text"]) == ("intake", "Ont i halsen sedan i måndags")
    stale = request | {"epoch": visit["epoch"] + 1}
    assert await doctor.errors("read_intake", **stale) == "stale_epoch"
    await doctor.ask("hang_up", **request)
    assert await doctor.errors("read_intake", **request) == "wrong_state"


async def test_a_signed_copy_comes_with_the_ticket_and_not_with_each_place(
    node: Served, crowd: People
) -> None:
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(node, "bo")
    assert bo.ticket["signed"]
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    await bo.until_position(1)
    assert "signed" not in bo.ticket
    assert (await bo.ask("find", queue=QUEUE))["signed"]
