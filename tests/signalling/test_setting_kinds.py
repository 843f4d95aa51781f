from pathlib import Path

import pytest
from kolapp_signalling import setting_kinds as kinds
from kolapp_signalling.setting_kinds import QueueTitle


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.whole(0, 65_535), "0", 0),
        (kinds.milliseconds(), "250", 250),
        (kinds.seconds(0, 60), "0.3", 0.3),
        (kinds.one_of("a", "b"), "b", "b"),
        (kinds.words("[a-z]+", "words"), "x, y,", ("x", "y")),
        (kinds.YES_NO, "TRUE", True),
        (kinds.YES_NO, "0", False),
        (kinds.FILE, "", None),
        (kinds.FILE, "/x", Path("/x")),
        (kinds.QUEUES, "a=Ask a nurse; b", (QueueTitle("a", "Ask a nurse"), QueueTitle("b", "b"))),
        (kinds.SECRET, "00" * 16, bytes(16)),
        (kinds.SECRET, "", b""),
        (kinds.ADDRESSES, "127.0.0.1,::1", ("127.0.0.1", "::1")),
        (kinds.ADDRESSES, "", ()),
        (kinds.PORTS, "40000-40999", (40_000, 40_999)),
        (kinds.PORTS, "", (0, 0)),
        (kinds.ADVERTISED, "203.0.113.7, 2001:DB8::7", (("", "203.0.113.7"), ("", "2001:db8::7"))),
        (kinds.ADVERTISED, "10.0.0.5=203.0.113.7", (("10.0.0.5", "203.0.113.7"),)),
        (kinds.ADVERTISED, "", ()),
        (kinds.LISTEN, "[::1]:0", "[::1]:0"),
        (kinds.STORE_URL, "unix:///run/x.sock", "unix:///run/x.sock"),
    ],
)
def test_text_becomes_a_value_and_text_again(kind, text, value):
    assert kind.parse(text) == value
    assert kind.parse(kind.show(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (kinds.whole(0, 65_535), "65536"),
        (kinds.whole(0, 65_535), "many"),
        (kinds.milliseconds(), "0"),
        (kinds.seconds(0, 60), "nan"),
        (kinds.one_of("a", "b"), "c"),
        (kinds.words("[a-z]+", "words"), "x,Y"),
        (kinds.YES_NO, "maybe"),
        (kinds.QUEUES, ""),
        (kinds.QUEUES, "a=A;a=B"),
        (kinds.QUEUES, "a b=A"),
        (kinds.SECRET, "00" * 15),
        (kinds.SECRET, "secret"),
        (kinds.SECRET, "@/nowhere/at/all"),
        (kinds.SECRET_TEXT, "too short"),
        (kinds.SECRET_TEXT, "a s\u00e9cret of more than sixteen"),
        (kinds.ADDRESSES, "example.org"),
        (kinds.PORTS, "40000"),
        (kinds.PORTS, "40999-40000"),
        (kinds.PORTS, "0-65535"),
        (kinds.ADVERTISED, "care.example"),
        (kinds.ADVERTISED, "10.0.0.5=2001:db8::7"),
        (kinds.ADVERTISED, "203.0.113.7,203.0.113.8"),
        (kinds.ADVERTISED, "10.0.0.5=203.0.113.7,10.0.0.5=203.0.113.8"),
        (kinds.LISTEN, "127.0.0.1"),
        (kinds.STORE_URL, "http://x"),
        (kinds.HOST, "a b"),
    ],
)
def test_anything_else_is_refused(kind, text):
    with pytest.raises(ValueError):  # noqa: PT011  # which value error it is, nobody asks
        kind.parse(text)


def test_a_secret_of_text_is_taken_as_it_is_written():
    text = "a secret of coturn's"
    assert kinds.SECRET_TEXT.parse(text) == text.encode()
    assert kinds.SECRET_TEXT.show(kinds.SECRET_TEXT.parse(text)) == text
    assert kinds.SECRET_TEXT.parse("") == b""


def test_a_secret_may_be_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("ab" * 32 + "\n")
    assert kinds.SECRET.parse(f"@{tmp_path}/secret") == b"\xab" * 32
