from __future__ import annotations

from kolapp_queue.eligibility import profile_text
from kolapp_queue.line_records import Orders, line_of
from kolapp_queue.model import Profile, QueueRef

REF = QueueRef("p", "q")


def place(cls: int, order_key: int, number: int, ticket: str) -> bytes:
    return f"{cls:02}{order_key:015}{number:010}{ticket}".encode()


def test_present_and_away_of_all_classes_are_one_line() -> None:
    present = [place(0, 5, 1, "a"), place(0, 9, 4, "d"), place(1, 7, 2, "b")]
    away = [place(1, 7, 3, "c")]
    swedish = profile_text(Profile(languages=("sv",))).encode()
    line = line_of(
        REF,
        (3, 4_000),
        [b"8", b"2000", None, None],
        present,
        away,
        [(b"dr-a", 9_000.0), (b"dr-b", 9_000.0), (b"gone", 3_004.0)],
        [],
        {b"c00": b"", b"n": b"00", b"c01": b'{"language":"sv"}', b"u00": b"2"},
        {b"pdr-a": b"", b"pdr-b": swedish, b"fdr-b": b"cache"},
        [],
    )
    assert line.waiting == ("a", "b", "c", "d")
    assert (line.now_ms, line.version, line.on_duty) == (3_004, 8, 2)
    assert line.classes == [0, 1, 1, 0]
    assert line.masks == {0: 0b11, 1: 0b10}
    assert list(line.orders) == [(5, 1), (7, 2), (7, 3), (9, 4)]


def test_orders_are_a_sequence() -> None:
    places = [place(0, 5, 1, "a"), place(63, 6, 2, "b")]
    orders = Orders(places)
    assert (len(orders), orders[-1]) == (2, (6, 2))
    assert orders[:1] == Orders(places[:1])
    assert hash(orders) == hash(Orders(places))
    assert orders != [(5, 1), (6, 2)]
