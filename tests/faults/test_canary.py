"""What a patient wrote, who they are and what lets them in, pushed through every verb and every way
it can fail: found in no log, key, value, file, hint, metric, nor in what anybody else is sent."""

from __future__ import annotations

import io
import itertools
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from aiohttp import ClientSession
from drivers import ENCODINGS, QUEUE, Driver, Message, People, people
from guests import enter, invite, show
from kolapp_queue.append_only import traces
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.errors import StoreUnavailable
from kolapp_signalling.app import Served, serving
from kolapp_signalling.development import prepare
from kolapp_signalling.guest_pass import open_code
from kolapp_signalling.log_lines import PlainLines
from kolapp_signalling.messages import AnyClientMessage
from kolapp_signalling.seal_keys import seal_ring
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from redis.asyncio import Redis
from rest_client import RestClient
from store_contents import everything
from store_servers import embedded_store

NAME = "Annika-Kanariedotter"  # as the subject of a token, and wherever a client can put it
SYMPTOMS = "kanariegul i ansiktet sedan i gar"
VERBS = {kind.__struct_config__.tag for kind in get_args(AnyClientMessage)}
# A clinician's own words and keys are kept, as they should be.
OWN = ("reason", "key", "weights", "outcome")


@dataclass
class Seen:
    """What must not have a canary in it."""

    log: io.StringIO = field(default_factory=io.StringIO)
    verbs: set[Any] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # codes of guests, their passes, what is sealed
    others: list[Driver] = field(default_factory=list)

    @property
    def canaries(self) -> list[bytes]:
        signatures = [token.rpartition(".")[2] for token in self.tokens]
        return [text.encode() for text in (NAME, SYMPTOMS, *signatures, *self.links)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with embedded_store(tmp_path / "store") as server:
        yield server


@pytest.fixture
async def node(server: EmbeddedStore, tmp_path: Path) -> AsyncIterator[Served]:
    plain = Settings(http_port=0, store_url=server.url, data_dir=tmp_path / "data", audit=True)
    several = replace(prepare(plain, SIGNALLING), queues={QUEUE: "Doctor", "other": "Other"})
    async with serving(several) as served:
        yield served


@pytest.fixture
def seen() -> Iterator[Seen]:
    """With the log as a node writes it, and even what our own lines say while developing."""
    seen = Seen()
    handler = logging.StreamHandler(seen.log)
    handler.setFormatter(PlainLines())
    root, ours = logging.getLogger(), logging.getLogger("kolapp")
    levels = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.DEBUG)
    yield seen
    root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
async def crowd(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[People]:
    """Everybody, with note taken of what they send."""
    send = Driver.send

    async def noted(driver: Driver, kind: str, /, **fields: Any) -> int:
        seen.verbs.add(kind)
        if (token := fields.get("token", "")).count(".") == 2:
            seen.tokens.append(token)
        return await send(driver, kind, **fields)

    monkeypatch.setattr(Driver, "send", noted)
    async with people(ENCODINGS[0]) as everybody:
        yield everybody


@pytest.fixture
async def hints(server: EmbeddedStore) -> AsyncIterator[Any]:
    async with Redis.from_url(server.url) as redis, redis.pubsub() as pubsub:
        await pubsub.psubscribe("*")
        yield pubsub


async def test_bad_input_31_canaries_are_nowhere(
    node: Served,
    crowd: People,
    seen: Seen,
    hints: Any,
    server: EmbeddedStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chief = await crowd.with_claims(node, "clinician", f"Dr-{NAME}", board=True)
    bo = await crowd.waiting(node, "bo")
    seen.others += [chief, bo]
    await a_day(node, crowd, chief, seen)
    await everything_wrong(node, crowd, chief)
    await over_http(node, seen)
    await in_failure(node, crowd, monkeypatch)
    await in_failure_of_a_link(node, seen, monkeypatch)
    assert seen.verbs == VERBS

    theirs = ("intake", "invited")  # what they asked for
    told = [f for other in seen.others for f in other.frames if f["type"] not in theirs]
    places = {
        "keys and values": await everything(node.node.store._link),
        "hints": await published(hints),
        "the log": seen.log.getvalue().encode(),
        "metrics": node.node.metrics.text(),
        "what others are sent": json.dumps(told).encode(),
    }
    found = [(place, c) for place, text in places.items() for c in seen.canaries if c in text]
    assert found == []
    # Nothing that was ever written down: also what is gone again from the store.
    assert list(traces(tmp_path / "store", seen.canaries)) == []
    assert list(traces(tmp_path / "data", seen.canaries)) == []
    assert "A request failed." in seen.log.getvalue(), "or it would not show"


async def published(hints: Any) -> bytes:
    found = []
    while (message := await hints.get_message(timeout=0.2)) is not None:
        found.append(message)
    assert len(found) > 1
    return repr(found).encode()


async def a_day(node: Served, crowd: People, chief: Driver, seen: Seen) -> None:
    """What patients and clinicians do all day, as it should be."""
    anna = await crowd.patient(node, NAME)
    await chief.ask("ready", queues=[QUEUE, "other"])
    await draw(anna)
    await called(chief, anna, "k1")
    await chief.ask("undo", **of(chief))
    await called(chief, anna, "k2")
    await anna.answer()
    assert (await chief.ask("read_intake", **of(chief)))["text"] == SYMPTOMS
    for person in (anna, chief):
        assert await person.errors("offer", **of(person), generation=1, sdp=f"v=0\r\ns={NAME}")
    await a_guest(node, crowd, chief, seen)
    visit = of(chief)
    await chief.ask("hang_up", **visit)
    await chief.ask("outcome", **visit, outcome="referred")
    await draw(anna)
    await called(chief, anna, "k3")
    await chief.ask("transfer", **of(chief), queue="other")
    await anna.until(lambda anna: anna.ticket["queue"] == "other")
    await anna.ask("intake", ticket=anna.ticket["ticket"], text=SYMPTOMS)
    await anna.ask("leave", ticket=anna.ticket["ticket"])
    await chief.ask("board", queue=QUEUE)


async def a_guest(node: Served, crowd: People, chief: Driver, seen: Seen) -> None:
    """Comes by a link, takes part, has to go, and tries the link again."""
    code = (await invite(chief))["code"]
    token = (await show(node, code)).body["token"]
    secret = open_code(code, seal_ring(node.node.settings)).secret
    seen.links += [code, token, token.partition(".")[2], secret.hex()]
    guest = await enter(node, crowd, token)
    await guest.ask("say", **of(guest), key="k", text=SYMPTOMS)
    await guest.ask("hear", visit=guest.visit["id"], after=0)
    assert await guest.errors("offer", **of(guest), generation=1, sdp=f"v=0\r\ns={NAME}")
    await chief.ask("remove_guest", **of(chief), guest="guest1")
    assert await guest.closed() == 4507
    for bad in (code, NAME, token):
        assert (await show(node, bad, key=NAME)).status == 403
    late = await crowd.connect(node)
    await late.send("hello", token=token)
    assert await late.closed() == 4507


async def draw(patient: Driver) -> None:
    ticket = (await patient.join())["ticket"]
    again = await patient.ask("find", queue=QUEUE, signed=patient.ticket["signed"])
    assert again["ticket"] == ticket
    assert (await patient.ask("intake", ticket=ticket, text=SYMPTOMS))["type"] == "ticket"


async def called(chief: Driver, patient: Driver, key: str) -> None:
    ticket = {"queue": QUEUE, "ticket": patient.ticket["ticket"]}
    desk = await chief.ask("pull_ticket", **ticket, key=key, reason="of my own")
    assert desk["type"] == "duty", desk
    epoch = chief.visit["epoch"]
    await patient.until(lambda patient: (patient.ticket.get("call") or {}).get("epoch") == epoch)


def of(driver: Driver) -> Message:
    return {"visit": driver.visit["id"], "epoch": driver.visit["epoch"]}


async def everything_wrong(node: Served, crowd: People, chief: Driver) -> None:
    """Every verb by both, with a canary in every field that a client may put it into, and frames
    that are no messages."""
    anna = await crowd.patient(node, NAME)
    for person, verb in itertools.product((anna, chief), sorted(VERBS)):
        fields = {name: wrong(name) for name in FIELDS[verb] if name not in OWN}
        own = {name: "k4" for name in FIELDS[verb] if name in OWN}
        for text in (NAME, SYMPTOMS):
            await person.ask(
                verb, **own, **{n: text if v is NAME else v for n, v in fields.items()}
            )
        await person.ask("ping")
    for broken in (SYMPTOMS.encode(), json.dumps({"type": NAME, "id": 1, NAME: SYMPTOMS}).encode()):
        await anna.send_raw(broken)
    long = await anna.ask("intake", ticket=NAME, text=SYMPTOMS * 1_000)
    assert long["type"] == "error"
    await (await crowd.connect(node)).send("hello", token=NAME)
    await (await crowd.connect(node)).send_raw(NAME.encode())


FIELDS = {
    str(kind.__struct_config__.tag): [
        item.name for item in msgspec.structs.fields(kind) if item.name != "id"
    ]
    for kind in get_args(AnyClientMessage)
}


def wrong(name: str) -> Any:
    """A value of the right type; a canary where that is a text."""
    if name in ("epoch", "generation"):
        return 1
    if name == "queues":
        return [NAME]
    return {"language": NAME, "skills": [NAME]} if name == "needs" else NAME


async def over_http(node: Served, seen: Seen) -> None:
    async with ClientSession() as http:
        token = seen.tokens[0]
        headers = {"Authorization": f"Bearer {token}", "X-Name": NAME}
        for path in (f"/ws?token={token}", f"/{NAME}", f"/api/v1/queues/{NAME}?{NAME}={token}"):
            async with http.get(node.url + path, headers=headers) as answer:
                assert answer.status >= 400
        for bad in (token, NAME):
            assert (await RestClient(http, node, bad).ask("GET", "/queues")).status >= 400
        body = json.dumps({"role": "patient", "name": NAME, NAME: SYMPTOMS}).encode()
        async with http.post(node.url + "/demo/token", data=body) as answer:
            assert answer.status == 400


async def in_failure(node: Served, crowd: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults of ours and of the store, whose errors hold what they were about."""
    anna = await crowd.waiting(node, NAME)
    for failure, code in ((ValueError, "internal"), (StoreUnavailable, "store_unavailable")):

        async def fails(*args: object, failure: type[Exception] = failure, **more: object) -> None:
            raise failure(f"{NAME} {SYMPTOMS} {args}")

        for verb in ("put_intake", "join", "leave", "find"):
            with monkeypatch.context() as patch:
                patch.setattr(node.node.store, verb, fails)
                asked = {"ticket": anna.ticket["ticket"]}
                fields = {"put_intake": asked | {"text": SYMPTOMS}, "leave": asked}
                kind = "intake" if verb == "put_intake" else verb
                request = fields.get(verb, {"queue": QUEUE})
                assert await anna.errors(kind, **request) == code


async def in_failure_of_a_link(node: Served, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    code, token = seen.links[:2]

    async def fails(*args: object) -> None:
        raise ValueError(f"{code} {token} {args}")

    with monkeypatch.context() as patch:
        patch.setattr(node.node.store, "redeem", fails)
        assert (await show(node, code)).status == 500
    assert "An operation failed." in seen.log.getvalue()
