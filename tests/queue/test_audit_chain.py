from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_queue.audit_chain import GENESIS, Broken, digest, encode, head, link, read_lines

RECORDS = [head("clinic", "2027-01-15", ""), *({"kind": "event", "n": n} for n in range(5))]
DATA, LAST = link(RECORDS, GENESIS)
LINES = DATA.splitlines(keepends=True)


def read(lines: list[bytes]) -> list[dict[str, object]]:
    return [record for record, _ in read_lines("f", lines)]


def test_what_is_linked_reads_back() -> None:
    assert [dict(r) | {"prev": None} for r in read(LINES)] == [r | {"prev": None} for r in RECORDS]
    assert [last for _, last in read_lines("f", LINES)][-1] == LAST == digest(LINES[-1])


def test_linking_in_parts_is_linking_at_once() -> None:
    first, last = link(RECORDS[:3], GENESIS)
    second, end = link(RECORDS[3:], last)
    assert (first + second, end) == (DATA, LAST)


@given(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=1))
def test_a_changed_byte_breaks_the_chain_or_the_end(at: int, other: bytes) -> None:
    changed = DATA[:at] + other + DATA[at + 1 :]
    if changed == DATA:
        return
    try:
        ends = [last for _, last in read_lines("f", changed.splitlines(keepends=True))]
    except Broken:
        return
    assert at >= len(DATA) - len(LINES[-1]), "only the last line has nothing after it"
    assert ends[-1] != LAST


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([*LINES[:2], *LINES[3:]], 3),  # taken out
        ([*LINES[:2], LINES[3], LINES[2], *LINES[4:]], 3),  # swapped
        ([*LINES[:3], *LINES[2:]], 4),  # doubled
        ([*LINES[:4], encode({"kind": "event", "n": 9, "prev": GENESIS}), *LINES[4:]], 5),
        (LINES[1:], 1),  # no head
        ([*LINES[:-1], LINES[-1][:-4]], 6),  # cut off
        ([*LINES[:2], b"not JSON\n"], 3),
        ([*LINES[:2], b"[]\n"], 3),
        ([LINES[0], LINES[1].replace(b":", b": ", 1)], 2),  # the same, written otherwise
    ],
)
def test_the_first_break_is_named(lines: list[bytes], line: int) -> None:
    with pytest.raises(Broken, match=f"f, line {line}: "):
        read(lines)


def test_a_record_is_always_the_same_bytes() -> None:
    assert encode({"b": "å", "a": 1}) == encode({"a": 1, "b": "å"}) == '{"a":1,"b":"å"}\n'.encode()
