from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from kolapp_signalling.messages import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Join,
    Pong,
    Ready,
)
from kolapp_signalling.parts import WaitRange
from kolapp_signalling.session_messages import Hello, Ping
from kolapp_signalling.wire import BINARY, CODECS, TEXT, BadMessage, Codec, frame

JSON, MSGPACK = CODECS[SUBPROTOCOL_JSON], CODECS[SUBPROTOCOL_MSGPACK]


def encoded(codec: Codec, message: Any) -> bytes:
    packed: bytes = json.dumps(message).encode() if codec is JSON else msgpack.packb(message)
    return packed


def refused(codec: Codec, data: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        codec.decode(data)
    return caught.value


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_messages_of_the_catalogue_are_understood(codec: Codec) -> None:
    assert codec.decode(encoded(codec, {"type": "ping", "id": 1})) == Ping(id=1)
    join = {"id": 2**53 - 1, "queue": "drop-in", "type": "join"}  # the type may come last
    assert codec.decode(encoded(codec, join)) == Join(id=2**53 - 1, queue="drop-in")
    ready = {"type": "ready", "id": 3, "queues": ["a", "b"]}
    assert codec.decode(encoded(codec, ready)) == Ready(id=3, queues=["a", "b"])
    assert codec.decode(encoded(codec, {"type": "hello", "id": 4, "token": "t"})) == Hello(
        id=4, token="t"
    )


# What can be written down as a value in both encodings: message, `re`, `field`.
BAD_VALUES: dict[str, tuple[Any, int | None, str]] = {
    "no map": ([1, 2], None, ""),
    "nothing in it": ({}, None, "type"),
    "no type": ({"id": 7}, 7, "type"),
    "unknown type": ({"type": "admin", "id": 7}, 7, "type"),
    "type of another kind": ({"type": 3, "id": 7}, 7, "type"),
    "no id": ({"type": "ping"}, None, "id"),
    "id is a text": ({"type": "ping", "id": "7"}, None, "id"),
    "id is zero": ({"type": "ping", "id": 0}, None, "id"),
    "id is negative": ({"type": "ping", "id": -1}, None, "id"),
    "id is a fraction": ({"type": "ping", "id": 1.5}, None, "id"),
    "id is a yes": ({"type": "ping", "id": True}, None, "id"),
    "id is huge": ({"type": "ping", "id": 2**63}, None, "id"),
    "missing field": ({"type": "join", "id": 7}, 7, "queue"),
    "unknown field": ({"type": "ping", "id": 7, "more": 1}, 7, ""),
    "wrong type": ({"type": "join", "id": 7, "queue": 5}, 7, "queue"),
    "null": ({"type": "join", "id": 7, "queue": None}, 7, "queue"),
    "not a name": ({"type": "join", "id": 7, "queue": "a{b}*\n"}, 7, "queue"),
    "too long": ({"type": "join", "id": 7, "queue": "a" * 65}, 7, "queue"),
    "empty list": ({"type": "ready", "id": 7, "queues": []}, 7, "queues"),
    "long list": ({"type": "ready", "id": 7, "queues": ["a"] * 33}, 7, "queues"),
    "wrong in a list": ({"type": "ready", "id": 7, "queues": ["a", 1]}, 7, "queues[1]"),
    "a server's message": ({"type": "pong", "id": 7}, 7, "type"),
}


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
@pytest.mark.parametrize("name", BAD_VALUES)
def test_what_is_not_in_the_catalogue_is_refused_with_id_and_field(codec: Codec, name: str) -> None:
    message, re, field = BAD_VALUES[name]
    bad = refused(codec, encoded(codec, message))
    assert (bad.re, bad.field) == (re, field)
    assert str(bad)


BAD_BYTES: dict[str, tuple[Codec, bytes, int | None]] = {
    "not JSON": (JSON, b"hello?", None),
    "empty text": (JSON, b"", None),
    "half a text": (JSON, b'{"type": "ping", "id": 1', None),
    "two texts": (JSON, b'{"type":"ping","id":1}{"type":"ping","id":2}', None),
    "not a number": (JSON, b'{"type": "ping", "id": NaN}', None),
    "endless": (JSON, b'{"type": "ping", "id": 1e400}', None),
    "thirty digits": (JSON, b'{"type": "ping", "id": ' + b"1" * 30 + b"}", None),
    "field twice": (JSON, b'{"type":"join","id":7,"queue":"a","queue":"b"}', 7),
    "no UTF-8": (JSON, b'{"type":"join","id":7,"queue":"\xff"}', 7),
    "half a surrogate": (JSON, b'{"type":"join","id":7,"queue":"\\ud800"}', None),
    "deep": (JSON, b'{"type":"join","id":7,"queue":' + b"[" * 50_000, None),
    "deep in nothing": (JSON, b"[" * 60_000, None),
    "MessagePack as JSON": (JSON, msgpack.packb({"type": "ping", "id": 1}), None),
    "not MessagePack": (MSGPACK, b"\xc1", None),
    "empty bytes": (MSGPACK, b"", None),
    "half a map": (MSGPACK, b"\x82\xa4type\xa4ping\xa2id", None),
    "more than a map": (MSGPACK, b"\x82\xa4type\xa4ping\xa2id\x01\x00", None),
    "4 G elements": (MSGPACK, b"\xdd\xff\xff\xff\xff", None),
    "not a number, packed": (MSGPACK, msgpack.packb({"type": "ping", "id": float("nan")}), None),
    "field twice, packed": (MSGPACK, b"\x83\xa2id\x01\xa2id\x07\xa4type\xa4ping", 7),
    "field twice, map16": (MSGPACK, b"\xde\x00\x03\xa2id\x01\xa2id\x07\xa4type\xa4ping", 7),
    "field twice, map32": (MSGPACK, b"\xdf\0\0\0\x03\xa2id\x01\xa2id\x07\xa4type\xa4ping", 7),
    "extension": (MSGPACK, msgpack.packb({"type": msgpack.ExtType(1, b"x"), "id": 7}), 7),
    "bytes for a text": (MSGPACK, msgpack.packb({"type": "join", "id": 7, "queue": b"a"}), 7),
    "no UTF-8, packed": (MSGPACK, b"\x83\xa2id\x07\xa4type\xa4join\xa5queue\xa1\xff", 7),
    "deep, packed": (MSGPACK, b"\x83\xa2id\x07\xa4type\xa4join\xa5queue" + b"\x91" * 50_000, None),
    "JSON as MessagePack": (MSGPACK, b'{"type": "ping", "id": 1}', None),
}


@pytest.mark.parametrize("name", BAD_BYTES)
def test_what_is_no_message_at_all_is_refused(name: str) -> None:
    codec, data, re = BAD_BYTES[name]
    assert refused(codec, data).re == re


def test_the_text_of_a_refusal_is_short_and_without_internals() -> None:
    bad = refused(JSON, encoded(JSON, {"type": "ping", "id": 7, "x" * 50_000: 1}))
    assert len(bad.text) <= 200
    assert "Traceback" not in bad.text


def test_encoding_leaves_empty_fields_out() -> None:
    assert json.loads(JSON.encode(Pong(re=3))) == {"type": "pong", "re": 3}
    assert msgpack.unpackb(MSGPACK.encode(Pong(re=3))) == {"type": "pong", "re": 3}
    assert WaitRange(True, 1, 2) == WaitRange(known=True, low_s=1, high_s=2)


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_is_whole_and_unmasked(size: int, head: bytes) -> None:
    assert frame(TEXT, b"x" * size) == head + b"x" * size
    assert frame(BINARY, b"")[:1] == b"\x82"
