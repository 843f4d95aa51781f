"""What a clinician may ask, over the wire, on a real store."""

from __future__ import annotations

import asyncio

from drivers import QUEUE, People, Start
from kolapp_signalling.app import Served
from kolapp_signalling.parts import BoardTicket


async def test_ready_pull_and_the_visit_is_called(node: Served, town: People) -> None:
    anna, doctor = await town.waiting(node, "anna"), await town.clinician(node)
    assert (doctor.duty or await doctor.receive())["on_duty"] is False
    ready = await doctor.ask("ready", queues=[QUEUE])
    assert (ready["on_duty"], ready["serves"]) == (True, [QUEUE])

    pulled = await doctor.ask("pull", key="key-1")
    visit = pulled["visit"]
    assert (visit["state"], visit["queue"], visit["number"]) == ("called", QUEUE, 1)
    assert 0 < visit["ring_ms"] <= 45_200
    await anna.until_state("called")
    assert anna.ticket["call"]["visit"] == visit["id"]
    assert anna.ticket["call"]["epoch"] == visit["epoch"]
    assert anna.ticket.get("place") is None


async def test_the_same_key_gets_the_same_visit(node: Served, crowd: People) -> None:
    for name in ("anna", "bo"):
        await crowd.waiting(node, name)
    doctor = await crowd.clinician(node)
    first = (await doctor.pull("key-1"))["visit"]
    again = (await doctor.ask("pull", key="key-1"))["visit"]
    assert again["id"] == first["id"]
    assert await doctor.errors("pull", key="key-2") == "already_in_visit"
    present = await doctor.receive()
    assert present["visit"]["id"] == first["id"]


async def test_an_empty_queue_and_no_duty_say_so(node: Served, crowd: People) -> None:
    doctor = await crowd.clinician(node)
    assert await doctor.errors("pull", key="key-1") == "not_on_duty"
    await doctor.ask("ready", queues=[QUEUE])
    assert await doctor.errors("pull", key="key-1") == "nobody_waiting"
    reply = await doctor.ask("ready", queues=[QUEUE, "elsewhere"])
    assert (reply["code"], reply["field"]) == ("unknown_queue", "queues")


async def test_pause_ends_the_duty_and_not_the_visit(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    paused = await doctor.ask("pause")
    assert (paused["on_duty"], paused["serves"]) == (False, [])
    assert paused["visit"]["state"] == "live"


async def test_giving_back_puts_the_patient_to_the_front(node: Served, crowd: People) -> None:
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    doctor = await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    await anna.until_state("called")
    await bo.until_position(1)
    given = await doctor.ask("give_back", visit=visit["id"], epoch=visit["epoch"])
    assert given.get("visit") is None
    assert (given["ended"]["id"], given["ended"]["reason"]) == (visit["id"], "given_back")
    await anna.until(lambda anna: anna.state == "waiting" and anna.position == 1)
    assert (anna.ticket["number"], anna.ticket["reason"]) == (1, "given_back")
    await bo.until_position(2)


async def test_hanging_up_ends_the_visit_and_the_clinician_is_free(
    node: Served, crowd: People
) -> None:
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    doctor = await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    await doctor.until(lambda doctor: doctor.visit["state"] == "live")
    visit = doctor.visit
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await doctor.errors("give_back", **request) == "wrong_state"
    hung_up = await doctor.ask("hang_up", **request)
    assert (hung_up.get("visit"), hung_up["on_duty"]) == (None, True)
    await anna.until_state("completed")
    assert anna.ticket["reason"] == "clinician_hung_up"
    assert (await doctor.ask("hang_up", **request))["type"] == "duty"

    await doctor.ask("pull", key="key-2")
    await bo.until_state("called")


async def test_a_colleagues_visit_is_not_there(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    colleague = await crowd.clinician(node, "colleague")
    await doctor.pull()
    visit = (await anna.answer())["visit"]
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await colleague.errors("hang_up", **request) == "no_visit"
    assert await colleague.errors("give_back", **request) == "no_visit"
    assert await colleague.errors("offer", **request, generation=1, sdp="v=0") == "no_visit"


async def test_the_desk_shows_how_many_wait(node: Served, crowd: People) -> None:
    doctor = await crowd.clinician(node)
    await doctor.ask("ready", queues=[QUEUE])
    anna = await crowd.waiting(node, "anna")
    await crowd.waiting(node, "bo")
    await doctor.until(
        lambda doctor: (
            doctor.duty["queues"]
            == [{"name": QUEUE, "title": "Drop-in", "waiting": 2, "on_duty": 1}]
        )
    )
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    await doctor.until(lambda doctor: doctor.duty["queues"][0]["waiting"] == 1)
    versions = [frame["version"] for frame in doctor.frames if frame["type"] == "duty"]
    assert versions == sorted(set(versions))


async def test_a_connected_clinician_stays_on_duty(start: Start, crowd: People) -> None:
    lease_ms = 300
    served = await start(queue_duty_lease_ms=lease_ms)
    node, doctor = served.node, await crowd.clinician(served)
    await doctor.ask("ready", queues=[QUEUE])
    lines = node.queues.of(node.settings.demo_provider)[0].line
    await lines.read()
    assert lines.line is not None
    began = lines.line.now_ms
    while lines.line.now_ms < began + 2 * lease_ms:
        for clinician in node.hub.clinicians():
            await clinician.renew()
        await lines.read()
        assert lines.line.on_duty == 1


async def test_a_pull_can_be_undone_for_a_moment(start: Start, crowd: People) -> None:
    node = await start(queue_undo_ms=60_000)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    assert 0 < visit["undo_ms"] <= 60_200
    undone = await doctor.ask("undo", visit=visit["id"], epoch=visit["epoch"])
    assert undone["ended"]["reason"] == "undone"
    await anna.until(lambda anna: anna.ticket.get("reason") == "undone")
    await anna.until_position(1)

    late = await start(queue_undo_ms=0)
    doctor = await crowd.clinician(late)
    visit = (await doctor.pull("key-2"))["visit"]
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await doctor.errors("undo", **request) == "too_late"
    assert (await doctor.receive())["visit"]["state"] == "called"  # the truth follows
    assert (await doctor.ask("give_back", **request))["ended"]["reason"] == "given_back"


async def test_wrap_up_follows_a_visit_and_can_be_cut_short(start: Start, crowd: People) -> None:
    node = await start(queue_wrap_up_ms=60_000)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    await anna.answer()
    over = await doctor.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    assert 0 < over["wrap_up_ms"] <= 60_200
    assert over["ended"]["outcome"] == "completed"
    assert (await doctor.ask("end_wrap_up")).get("wrap_up_ms", 0) == 0
    assert (await doctor.ask("end_wrap_up"))["on_duty"]  # harmless when there is none


async def test_the_outcome_is_said_and_corrected(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await doctor.errors("outcome", **request, outcome="referred") == "wrong_state"
    await anna.answer()
    await doctor.ask("hang_up", **request)
    said = await doctor.ask("outcome", **request, outcome="technical_failure")
    assert said["ended"]["outcome"] == "technical_failure"
    assert (await doctor.ask("outcome", **request, outcome="fine"))["code"] == "bad_message"
    other = await crowd.clinician(node, "other")
    assert await other.errors("outcome", **request, outcome="no_show") == "no_visit"


async def test_a_transfer_takes_the_patient_along_with_the_time_waited(
    start: Start, town: People
) -> None:
    node = await start(queues=((QUEUE, "Drop-in"), ("nurse", "Nurse")))
    anna, doctor = await town.waiting(node, "anna"), await town.clinician(node)
    bo = await town.patient(node, "bo")
    await bo.join("nurse")
    visit = (await doctor.pull())["visit"]
    await anna.answer()
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await doctor.errors("transfer", **request, queue=QUEUE) == "unknown_queue"
    assert await doctor.errors("transfer", **request, queue="elsewhere") == "unknown_queue"
    moved = await doctor.ask("transfer", **request, queue="nurse")
    assert (moved["ended"]["reason"], moved["ended"]["outcome"]) == ("transferred", "referred")

    await anna.until(lambda anna: anna.ticket["queue"] == "nurse")
    assert (anna.state, anna.position, anna.ticket["moved_from"]) == ("waiting", 1, QUEUE)
    old = [f for f in anna.frames if f["type"] == "ticket" and f["queue"] == QUEUE]
    assert (old[-1]["state"], old[-1]["moved_to"]) in {
        ("transferring", "nurse"),
        ("transferred", "nurse"),
    }
    await bo.until_position(2)
    assert bo.ticket["place"]["cause"] == "transferred_in"

    # A client that comes back is shown the ticket that counts last.
    again = await town.patient(node, "anna", resume=anna.welcome["resume"])
    await again.ask("ping")
    await again.until(lambda anna: anna.ticket.get("queue") == "nurse")
    await again.ask("leave", ticket=again.ticket["ticket"])
    # Asked again, because the answer may have been lost: the same.
    repeated = await doctor.ask("transfer", **request, queue="nurse")
    assert repeated["ended"]["reason"] == "transferred"


async def test_a_clinician_who_vanishes_from_a_call_loses_it(start: Start, crowd: People) -> None:
    node = await start(queue_duty_lease_ms=300)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.until_state("called")
    await doctor.ws.close()
    await anna.until(lambda anna: anna.ticket.get("reason") == "clinician_gone")
    await anna.until_position(1)
    assert (anna.state, anna.ticket["number"]) == ("waiting", 1)


async def test_a_visit_is_held_for_its_clinician_who_comes_back(
    start: Start, crowd: People
) -> None:
    node = await start(queue_duty_lease_ms=300)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    await anna.answer()
    await doctor.ws.close()
    await anna.until(lambda anna: anna.visit.get("state") == "held")
    assert 0 < anna.visit["held_ms"] <= 120_200
    again = await crowd.clinician(node)
    await again.until(lambda doctor: doctor.visit.get("state") == "live")
    await anna.until(lambda anna: anna.visit.get("state") == "live")
    assert anna.visit["live_ms"] > 0


async def test_a_patient_whom_the_visit_lost_is_rung_until_the_answer(
    node: Served, crowd: People
) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    request = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await doctor.errors("ring_again", **request) == "wrong_state"
    await anna.answer()
    assert "call" not in anna.ticket
    assert (await doctor.ask("ring_again", **request))["visit"]["state"] == "live"
    await anna.until(lambda anna: anna.ticket.get("call"))
    assert {name: anna.ticket["call"][name] for name in request} == request
    assert (anna.ticket["state"], anna.visit["state"]) == ("in_visit", "live")
    epoch = anna.ticket["call"]["epoch"]
    assert "call" not in await anna.ask("answer", ticket=anna.ticket["ticket"], epoch=epoch)


async def test_the_board_shows_who_waits_without_names(node: Served, town: People) -> None:
    await town.waiting(node, "anna")
    bo, doctor = await town.waiting(node, "bo"), await town.clinician(node)
    assert await doctor.errors("board", queue=QUEUE) == "not_on_duty"
    await doctor.ask("ready", queues=[QUEUE])
    board = await doctor.ask("board", queue=QUEUE)
    assert [ticket["number"] for ticket in board["tickets"]] == [1, 2]
    assert set(board["tickets"][1]) <= set(BoardTicket.__struct_fields__)
    wanted = {"queue": QUEUE, "ticket": bo.ticket["ticket"], "key": "key-1"}
    assert await doctor.errors("pull_ticket", **wanted, reason="") == "bad_message"
    pulled = await doctor.ask("pull_ticket", **wanted, reason="Fell off the chair")
    assert pulled["visit"]["number"] == 2
    await bo.until_state("called")
    again = await doctor.ask("pull_ticket", **wanted, reason="Fell off the chair")
    assert again["visit"]["id"] == pulled["visit"]["id"]


async def test_who_may_not_see_the_board_pulls_nobody_from_it(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    nurse = await crowd.with_claims(node, "clinician", "nurse", board=False)
    await nurse.ask("ready", queues=[QUEUE])
    board = await nurse.ask("board", queue=QUEUE)
    assert (board["may_pull"], board.get("tickets", [])) == (False, [])
    wanted = {"queue": QUEUE, "ticket": anna.ticket["ticket"], "key": "key-1"}
    assert await nurse.errors("pull_ticket", **wanted, reason="I know her") == "forbidden"


async def test_a_colleague_takes_a_visit_over_when_its_clinician_stays_away(
    start: Start, crowd: People
) -> None:
    # The grace is long enough for a slow machine to see the visit held before it is given up.
    node = await start(queue_duty_lease_ms=300, queue_visit_grace_ms=2_000, queue_resync_ms=100)
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    visit = (await doctor.pull())["visit"]
    await anna.answer()
    other = await crowd.clinician(node, "other")
    await other.ask("ready", queues=[QUEUE])
    wanted = {"queue": QUEUE, "visit": visit["id"], "key": "key-1"}
    assert await other.errors("take_over", **wanted) == "wrong_state"  # it has its clinician
    await doctor.ws.close()
    async with asyncio.timeout(10):
        while not (held := (await other.ask("board", queue=QUEUE)).get("held")):
            pass
    assert (held[0]["visit"], held[0]["number"]) == (visit["id"], 1)
    taken = (await other.ask("take_over", **wanted))["visit"]
    assert (taken["id"], taken["state"]) == (visit["id"], "live")
    assert taken["epoch"] > visit["epoch"]
    await anna.until(lambda anna: anna.visit.get("epoch") == taken["epoch"])
    again = await crowd.clinician(node)
    stale = {"visit": visit["id"], "epoch": visit["epoch"]}
    assert await again.errors("hang_up", **stale) == "no_visit"
    over = await other.ask("hang_up", visit=taken["id"], epoch=taken["epoch"])
    assert over["ended"]["outcome"] == "completed"
