"""Messages from the catalogue's own types: right, nearly right and wrong, in both encodings."""

from __future__ import annotations

import itertools
import json
from typing import Any, get_args

import msgpack
import msgspec
from hypothesis import strategies as st
from kolapp_signalling.messages import AnyClientMessage
from msgspec import inspect

# Taken from what the server has told so far, when the message is sent.
LIVE = ("$ticket", "$visit", "$epoch", "$queue", "$resume")
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=True),
    st.text(max_size=40),
    st.binary(max_size=20),
    st.sampled_from(["", "\x00", "a}{b", "../..", "x" * 20_000, "\u202e", 2**200]),
    st.sampled_from([[[[[]]]], {"a": {}}]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def right(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of this type that the catalogue allows, near its limits too."""
    match kind:
        case inspect.UnionType():
            return st.one_of([right(each) for each in kind.types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            low, high = kind.ge or 0, kind.le if kind.le is not None else 2**53
            return st.one_of(st.integers(low, high), st.sampled_from([low, high]))
        case inspect.FloatType():
            return st.floats(0, 10)
        case inspect.StrType():
            longest = min(kind.max_length or 200, 200)
            if kind.pattern is not None:
                return st.from_regex(kind.pattern, fullmatch=True).map(lambda text: text[:longest])
            return st.text(min_size=kind.min_length or 0, max_size=longest)
        case inspect.ListType() | inspect.VarTupleType():
            return st.lists(right(kind.item_type), max_size=4)
        case inspect.DictType():
            return st.dictionaries(right(kind.key_type), right(kind.value_type), max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StructType():
            tag = {kind.tag_field: st.just(kind.tag)} if kind.tag_field else {}
            fields = {field.encode_name: right(field.type) for field in kind.fields}
            return st.fixed_dictionaries(tag, optional=fields)
    raise AssertionError(f"nothing is known of {kind}")


def of_kind(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """A message of this kind without its id: each field right, live, wrong or left out."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    fields = {
        field.encode_name: st.one_of(
            right(field.type), right(field.type), st.sampled_from(LIVE), JUNK
        )
        for field in told.fields
        if field.encode_name != "id"
    }
    needed = st.fixed_dictionaries(fields)
    some = st.fixed_dictionaries({}, optional=fields)
    more = st.tuples(needed, st.dictionaries(st.text(max_size=8), JUNK, max_size=1))
    body = st.one_of(needed, needed, some, more.map(lambda pair: {**pair[1], **pair[0]}))
    return body.map(lambda found: {"type": str(told.tag), **found})


MESSAGES = st.one_of([of_kind(kind) for kind in get_args(AnyClientMessage)])
# How it is written: as it is, or with bytes changed, cut or doubled.
SPOILS = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.tuples(st.sampled_from(["flip", "cut", "double", "prefix"]), st.integers(0, 10**6)),
)
BATCHES = st.lists(st.tuples(MESSAGES, SPOILS), min_size=25, max_size=25)


def live(value: Any, now: dict[str, Any]) -> Any:
    return now.get(value, value) if isinstance(value, str) else value


def encoded(message: dict[str, Any], binary: bool) -> bytes:
    if binary:
        return bytes(msgpack.packb(message, default=str) if _packs(message) else b"\xc1")
    return json.dumps(message, default=lambda data: data.decode("latin-1")).encode(
        errors="surrogatepass"
    )


def _packs(message: dict[str, Any]) -> bool:
    try:
        msgpack.packb(message)
    except (OverflowError, ValueError, TypeError, UnicodeEncodeError):
        return False
    return True


def spoilt(data: bytes, spoil: tuple[str, int] | None) -> bytes:
    if spoil is None or not data:
        return data
    how, where = spoil[0], spoil[1] % len(data)
    if how == "flip":
        return data[:where] + bytes((data[where] ^ (1 << spoil[1] % 8),)) + data[where + 1 :]
    if how == "cut":
        return data[:where]
    if how == "double":
        return data[:where] + data
    return bytes((spoil[1] % 256,)) + data


def has_id(data: bytes, number: int, binary: bool) -> bool:
    """Whether a reader finds this id in it, so that the reply can name it."""
    try:
        found = (msgspec.msgpack if binary else msgspec.json).decode(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("id") == number


def numbers() -> itertools.count[int]:
    """Ids that the messages of a test get, so that each reply can be told from the others."""
    return itertools.count(1_000)
