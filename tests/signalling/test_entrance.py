"""Hello and welcome: who gets in, as whom, and with which session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from drivers import QUEUE, Closed, People, Start
from kolapp_signalling.app import Served
from kolapp_signalling.development import _signing_key
from kolapp_signalling.parts import QueueInfo


async def test_the_welcome_says_what_a_client_needs(node: Served, town: People) -> None:
    await town.waiting(node, "bo")
    anna = await town.patient(node, "anna")
    welcome = anna.welcome
    assert (welcome["role"], welcome["resumed"]) == ("patient", False)
    assert welcome["session"] != welcome["resume"]
    assert welcome["ping_every_ms"] == node.node.settings.ping_every_ms
    [queue] = welcome["queues"]
    assert (queue["name"], queue["title"]) == (QUEUE, "Drop-in")
    assert queue["place"]["position"] == 2
    assert queue["place"]["wait"]["why"] == "nobody_on_duty"


async def test_no_hello_in_time_closes(start: Start, town: People) -> None:
    node = await start(hello_timeout_ms=50)
    assert await (await town.connect(node)).closed() == 4005


async def test_another_first_message_closes(node: Served, town: People) -> None:
    anna = await town.connect(node)
    await anna.send("join", queue=QUEUE)
    assert await anna.closed() == 4500
    assert anna.frames == []


async def test_a_second_hello_is_refused(node: Served, crowd: People) -> None:
    anna = await crowd.patient(node, "anna")
    assert await anna.errors("hello", token=crowd.token(node, "patient", "bo")) == "wrong_state"


def forged(node: Served, **changes: Any) -> str:
    """A token signed with the right key, with other claims; None leaves one out."""
    settings = node.node.settings
    claims: dict[str, Any] = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": "anna",
        "role": "patient",
        "provider": settings.demo_provider,
        "exp": int(time.time()) + 600,
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, _signing_key(settings.data_dir / "keys"), algorithm="EdDSA")


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - 60},
    "no expiry": {"exp": None},
    "not yet": {"nbf": int(time.time()) + 600},
    "other audience": {"aud": "elsewhere"},
    "no audience": {"aud": None},
    "other issuer": {"iss": "elsewhere"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "no role": {"role": None},
    "other role": {"role": "admin"},
    "no provider": {"provider": None},
    "a provider that is no name": {"provider": "a}{b"},
    "a provider that is no text": {"provider": 5},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
async def test_a_token_with_wrong_claims_closes(node: Served, crowd: People, name: str) -> None:
    anna = await crowd.connect(node)
    await anna.send("hello", token=forged(node, **BAD_CLAIMS[name]))
    assert await anna.closed() == 4501
    assert anna.frames == []


async def test_the_right_claims_get_in(node: Served, crowd: People) -> None:
    anna = await crowd.connect(node)
    assert (await anna.hello(forged(node)))["type"] == "welcome"


async def test_unsigned_and_foreign_tokens_close(node: Served, town: People) -> None:
    good = forged(node)
    claims = jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    foreign = jwt.encode(claims, "x" * 64, algorithm="HS256")
    cut = good[:-4] + "AAAA"
    for token in (unsigned, foreign, cut, "a.b.c", "nonsense", "é" * 100):
        anna = await town.connect(node)
        await anna.send("hello", token=token)
        assert await anna.closed() == 4501


async def test_a_token_that_runs_out_closes_the_connection(node: Served, crowd: People) -> None:
    anna = await crowd.connect(node)
    leeway = node.node.settings.jwt_leeway_s
    # Whole seconds: good for two to three, so that a busy machine too comes as far as waiting.
    await anna.hello(forged(node, exp=int(time.time()) - leeway + 3))
    assert (await anna.join())["state"] == "waiting"
    with contextlib.suppress(Closed):
        while True:
            await node.node.hub.look_after()
            await anna.ask("ping")
    assert anna.ws.close_code == 4501


async def test_a_fresh_token_keeps_everything_as_it_is(start: Start, crowd: People) -> None:
    """Asked for once before the end; the connection, the ticket and its rights go on."""
    node = await start(token_notice_ms=3_600_000)
    leeway = node.node.settings.jwt_leeway_s
    anna = await crowd.connect(node)
    await anna.hello(forged(node, exp=int(time.time()) - leeway + 30))
    ticket = await anna.join()
    for _ in range(10):  # each socket is looked after once in five
        await node.node.hub.look_after()
    await anna.ask("ping")
    [asked] = [frame for frame in anna.frames if frame["type"] == "token"]
    assert 0 < asked["valid_ms"] <= 30_000
    fresh = await anna.ask("renew", token=forged(node, exp=int(time.time()) + 3_000))
    assert 2_900_000 < fresh["valid_ms"] <= 3_020_000
    [session] = list(node.node.hub._sessions)
    assert session.token_until_ms > time.time() * 1_000 + 2_900_000
    for _ in range(10):
        await node.node.hub.look_after()
    assert (await anna.ask("find", queue=QUEUE))["ticket"] == ticket["ticket"]
    assert [frame["type"] for frame in anna.frames].count("token") == 3  # asked for again


@pytest.mark.parametrize("whose", ["nobody's", "another's", "an old one"])
async def test_another_token_renews_nothing(node: Served, crowd: People, whose: str) -> None:
    anna = await crowd.patient(node, "anna")
    [session] = list(node.node.hub._sessions)
    before = session.token_until_ms
    token = {
        "nobody's": "a.b.c",
        "another's": crowd.token(node, "patient", "bo"),
        "an old one": forged(node, exp=1_000_000),
    }[whose]
    assert await anna.errors("renew", token=token) == "bad_token"
    assert session.token_until_ms == before
    assert (await anna.ask("ping"))["type"] == "pong"


async def test_a_role_asks_for_a_strong_login(start: Start, crowd: People) -> None:
    node = await start(jwt_levels=(("patient", ("loa3", "high")),))
    weak = await crowd.connect(node)
    await weak.send("hello", token=crowd.token(node, "patient", "anna"))
    assert await weak.closed() == 4506
    await crowd.with_claims(node, "patient", "anna", acr="loa3")
    await crowd.clinician(node)


async def test_resuming_within_the_window_keeps_session_and_ticket(
    node: Served, town: People
) -> None:
    anna = await town.waiting(node, "anna")
    welcome, ticket = anna.welcome, anna.ticket
    await anna.ws.close()
    again = await town.patient(node, "anna", resume=welcome["resume"])
    assert again.welcome["resumed"] is True
    assert again.welcome["session"] == welcome["session"]
    await again.until_position(1)
    assert (again.ticket["ticket"], again.ticket["number"]) == (ticket["ticket"], 1)
    assert "re" not in again.ticket


async def test_a_resume_id_works_once(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    assert again.welcome["resumed"] is True
    third = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    assert third.welcome["resumed"] is False
    # All the same it is the same person, who is shown the ticket.
    await third.until_position(1)
    assert await again.closed() == 4502


async def test_the_public_session_id_resumes_nothing(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    again = await crowd.patient(node, "anna", resume=anna.welcome["session"])
    assert again.welcome["resumed"] is False


async def test_a_stolen_resume_id_gives_nothing(node: Served, crowd: People) -> None:
    anna = await crowd.waiting(node, "anna")
    thief = await crowd.patient(node, "thief", resume=anna.welcome["resume"])
    assert thief.welcome["resumed"] is False
    assert await thief.errors("leave", ticket=anna.ticket["ticket"]) == "no_ticket"
    assert (await anna.ask("ping"))["type"] == "pong"


async def test_after_the_window_it_is_a_new_session_with_the_same_ticket(
    start: Start, crowd: People
) -> None:
    node = await start(resume_window_ms=1)
    anna = await crowd.waiting(node, "anna")
    await anna.ws.close()
    while len(node.node.hub):
        await node.node.hub.look_after()
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    assert again.welcome["resumed"] is False
    await again.until_position(1)
    assert again.ticket["number"] == 1


async def test_the_newest_connection_takes_over(node: Served, town: People) -> None:
    old = await town.waiting(node, "anna")
    new = await town.patient(node, "anna")
    assert await old.closed() == 4502
    await new.until_position(1)
    assert (await new.join())["ticket"] == old.ticket["ticket"]
    doctor = await town.clinician(node, "anna")  # the same subject in another role
    assert (await new.ask("ping"))["type"] == "pong"
    await town.clinician(node, "anna")
    assert await doctor.closed() == 4502


async def test_a_clinician_who_comes_back_finds_the_visit(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    visit = (await anna.answer())["visit"]
    again = await crowd.clinician(node, resume=doctor.welcome["resume"])
    await again.until(lambda doctor: doctor.visit.get("state") == "live")
    assert again.visit["id"] == visit["id"]
    elsewhere = await crowd.clinician(node)
    await elsewhere.until(lambda doctor: doctor.visit.get("id") == visit["id"])
    assert elsewhere.duty["on_duty"]


async def test_what_ended_meanwhile_is_shown_on_resuming(node: Served, crowd: People) -> None:
    anna, doctor = await crowd.waiting(node, "anna"), await crowd.clinician(node)
    await doctor.pull()
    visit = (await anna.answer())["visit"]
    await anna.ws.close()
    await doctor.ask("hang_up", visit=visit["id"], epoch=visit["epoch"])
    again = await crowd.patient(node, "anna", resume=anna.welcome["resume"])
    await again.until_state("completed")


async def test_providers_do_not_meet(node: Served, start: Start, crowd: People) -> None:
    settings = node.node.settings
    other = await start(demo_provider=settings.demo_provider + "-other")
    anna, bo = await crowd.waiting(node, "anna"), await crowd.waiting(other, "bo")
    assert (anna.position, bo.position) == (1, 1)
    foreign = replace(settings, demo_provider=settings.demo_provider + "-other")
    doctor = await crowd.clinician(Served(node.url, replace(node.node, settings=foreign)))
    pulled = await doctor.pull()
    await bo.until_state("called")
    assert bo.ticket["call"]["visit"] == pulled["visit"]["id"]
    assert (await anna.ask("find", queue=QUEUE))["state"] == "waiting"


async def test_the_welcome_is_the_first_that_a_resumed_session_gets(
    node: Served, crowd: People
) -> None:
    anna, bo = [await crowd.waiting(node, name) for name in ("anna", "bo")]
    await bo.ws.close()
    queues, asked, go_on = node.node.queues, asyncio.Event(), asyncio.Event()
    infos = queues.infos

    async def slow_infos(provider: str) -> list[QueueInfo]:
        asked.set()
        await go_on.wait()
        return await infos(provider)

    queues.infos = slow_infos  # type: ignore[method-assign]  # a store that takes its time
    again = await crowd.connect(node)
    token = crowd.token(node, "patient", "bo")
    await again.send("hello", token=token, resume=bo.welcome["resume"])
    await asked.wait()
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    held = node.node.audience.ticket(bo.ticket["ticket"])
    assert held is not None
    node.node.audience.tell(held, always=True)
    go_on.set()
    await again.until_position(1)
    assert [frame["type"] for frame in again.frames][:2] == ["welcome", "ticket"]


async def test_of_many_who_come_at_once_one_is_let_in_in_each_turn_of_the_loop(
    node: Served,
) -> None:
    entrance, inside = node.node.entrance, 0

    async def come() -> None:
        nonlocal inside
        await entrance.one_by_one()
        inside += 1

    async with asyncio.TaskGroup() as crowd:
        for _ in range(5):
            crowd.create_task(come())
        before = 0
        while inside < 5:
            await asyncio.sleep(0)
            assert inside - before <= 1
            before = inside
