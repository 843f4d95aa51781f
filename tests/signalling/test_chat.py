"""What the people of a visit write to each other, from one node to the other."""

from __future__ import annotations

from drivers import QUEUE, People, Start
from guests import visit_of
from kolapp_queue.keys import queue_key
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_signalling.app import Served
from kolapp_signalling.settings import Settings

HELLO = "Hör du mig? 🙂"


async def test_what_one_writes_the_other_reads(start: Start, town: People) -> None:
    anna, doctor = await visit_of(await start(), town, await start())
    request = {"visit": anna.visit["id"], "epoch": anna.visit["epoch"]}
    said = await anna.ask("say", **request, key="k1", text=HELLO)
    line = {"number": 1, "role": "patient", "text": HELLO}
    assert (said["type"], said["lines"], said["said"]) == ("said", [line], 1)
    await doctor.until(lambda doctor: doctor.visit.get("said") == 1)
    assert (await doctor.ask("hear", visit=request["visit"], after=0))["lines"] == [line]

    answer = {"number": 2, "role": "clinician", "text": "Ja"}
    assert (await doctor.ask("say", **request, key="k1", text="Ja"))["lines"] == [answer]
    await anna.until(lambda anna: anna.visit.get("said") == 2)
    heard = await anna.ask("hear", visit=request["visit"], after=1)
    assert (heard["lines"], heard["said"]) == ([answer], 2)


async def test_a_line_whose_answer_was_lost_is_sent_again(node: Served, crowd: People) -> None:
    anna, _ = await visit_of(node, crowd)
    request = {"visit": anna.visit["id"], "epoch": anna.visit["epoch"]}
    for _ in range(2):
        assert (await anna.ask("say", **request, key="k1", text=HELLO))["said"] == 1
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    await again.until(lambda anna: anna.visit.get("said") == 1)
    assert (await again.ask("hear", visit=request["visit"], after=0))["lines"][0]["text"] == HELLO


async def test_nobody_else_and_nothing_after_the_end(
    node: Served, crowd: People, settings: Settings, provider: str
) -> None:
    anna, doctor = await visit_of(node, crowd)
    bo = await crowd.waiting(node, "bo")
    request = {"visit": anna.visit["id"], "epoch": anna.visit["epoch"]}
    await anna.ask("say", **request, key="k1", text=HELLO)
    assert await bo.errors("say", **request, key="k1", text=HELLO) == "no_visit"
    assert await bo.errors("hear", visit=request["visit"], after=0) == "no_visit"
    for bad in ("", "a" * 2_001):
        assert await anna.errors("say", **request, key="k2", text=bad) == "bad_message"
    stale = request | {"epoch": request["epoch"] + 1}
    assert await anna.errors("say", **stale, key="k2", text=HELLO) == "stale_epoch"
    await doctor.ask("hang_up", **request)
    await anna.until_state("completed")
    assert await doctor.errors("hear", visit=request["visit"], after=0) == "wrong_state"
    link = Link(settings.store_url, 2_000)
    key = queue_key(QueueRef(provider, QUEUE), "chat")
    assert not await link.do(lambda redis: redis.exists(key))
    await link.close()
