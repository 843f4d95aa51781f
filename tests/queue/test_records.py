from __future__ import annotations

import re
from importlib.resources import files

import msgpack
import pytest
from kolapp_queue import records
from kolapp_queue.errors import QueueError, WrongState
from kolapp_queue.model import NodeRecord, QueueRef

LUA = "".join(
    file.read_text("utf-8")
    for folder in (files("kolapp_queue") / "lua").iterdir()
    for file in folder.iterdir()
)
REFUSALS = set(re.findall(r"refuse\('(\w+)'", LUA)) | set(re.findall(r"refused = '(\w+)'", LUA))


@pytest.mark.parametrize("why", sorted(REFUSALS))
def test_every_refusal_of_a_script_has_its_error(why: str) -> None:
    error = records.refusal({"refused": why, "state": "waiting"})
    assert isinstance(error, QueueError)
    if isinstance(error, WrongState):
        assert error.state == "waiting"


def test_an_unknown_refusal_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no_such_refusal"):
        records.refusal({"refused": "no_such_refusal"})


def test_an_empty_table_of_lua_is_an_empty_record() -> None:
    assert records.unpack(msgpack.packb([])) == {}


def test_a_node_survives_the_store_and_a_neighbouring_version() -> None:
    node = NodeRecord("m1", "media", "127.0.0.1:1", 80, 3)
    assert records.node(records.pack_node(node)) == node
    newer = msgpack.packb({**msgpack.unpackb(records.pack_node(node)), "zone": "b"})
    assert records.node(newer) == node


def test_a_hint_needs_a_version() -> None:
    ref = QueueRef("p", "q")
    assert records.hint(ref, msgpack.packb({"version": 3})).ticket is None
    with pytest.raises(KeyError):
        records.hint(ref, msgpack.packb({"ticket": "t"}))
