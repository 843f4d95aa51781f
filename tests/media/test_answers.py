"""Answers in which each slot is a stream of its own: lips and voice of one person."""

from __future__ import annotations

from kolapp_media.answers import with_slots_apart

SECTION = """m={kind} 9 UDP/TLS/RTP/SAVPF 96
a=mid:{mid}
a=msid:stream-of-all track-{mid}
a=ssrc-group:FID 1{mid} 2{mid}
a=ssrc:1{mid} cname:name-of-all
a=ssrc:2{mid} cname:name-of-all
"""


def answer(*kinds: str) -> str:
    sections = [SECTION.format(kind=kind, mid=mid) for mid, kind in enumerate(kinds)]
    return "v=0\na=msid-semantic:WMS *\n" + "".join(sections)


def test_one_pair_stays_as_it_is() -> None:
    pair = answer("audio", "video")

    assert with_slots_apart(pair) == (pair, ["name-of-all"] * 2)


def test_each_further_pair_is_a_stream_and_a_name_of_its_own() -> None:
    told, names = with_slots_apart(answer("audio", "video", "audio", "video", "video"))

    assert names == ["name-of-all"] * 2 + ["name-of-a-1"] * 2 + ["name-of-a-2"]
    assert [line.split()[0] for line in told.splitlines() if "msid:" in line] == [
        "a=msid:stream-of-all",
        "a=msid:stream-of-all",
        "a=msid:stream-of-a-1",
        "a=msid:stream-of-a-1",
        "a=msid:stream-of-a-2",
    ]
    assert [line for line in told.splitlines() if "track-3" in line or ":13 " in line] == [
        "a=msid:stream-of-a-1 track-3",
        "a=ssrc:13 cname:name-of-a-1",
    ]


def test_names_of_all_slots_are_as_long() -> None:
    """aiortc's ends read a report of several names only if each fills its words."""
    _, names = with_slots_apart(answer(*["audio", "video"] * 3))

    assert {len(name) for name in names} == {len("name-of-all")}
