import pytest
from kolapp_loadtest.wire import JSON, MSGPACK, Codec, may_reconnect


@pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])
def test_a_message_survives_its_encoding(codec: Codec) -> None:
    message = {"type": "offer", "id": 2**53 - 1, "sdp": "ö\r\n" * 3, "list": [1, None, True]}
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize(
    ("codes", "again"),
    [
        ((1001, 1005, 1006, 1011, 1012, 1013, 1014), True),
        (range(4000, 4500), True),
        (range(4500, 5000), False),
        ((1000, 1002, 1003, 1007, 1008, 1009, 3000), False),
    ],
)
def test_the_code_says_whether_to_connect_again(codes: tuple[int, ...], again: bool) -> None:
    assert {may_reconnect(code) for code in codes} == {again}
