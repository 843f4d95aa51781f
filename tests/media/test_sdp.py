"""Offers: what is refused, what is cut out, what is kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kolapp_media.errors import BadOffer
from kolapp_media.sdp import clean_offer
from kolapp_media.settings import MediaSettings

LIMITS = MediaSettings()
CHROMIUM = (Path(__file__).parent / "data" / "chromium.sdp").read_text()
SLOTS = (Path(__file__).parent / "data" / "chromium_slots.sdp").read_text()
FINGERPRINT = next(line for line in CHROMIUM.splitlines() if line.startswith("a=fingerprint"))
CANDIDATE = "a=candidate:1 1 udp 2113937151 169.254.169.254 80 typ host"


def test_a_browsers_offer_passes() -> None:
    offer = clean_offer(CHROMIUM, LIMITS)

    assert [each.kind for each in offer.sections] == ["audio", "video"]
    assert [each.mid for each in offer.sections] == ["0", "1"]
    assert [each.direction for each in offer.sections] == ["sendrecv", "sendrecv"]
    assert offer.setup == "actpass"
    audio, video = offer.sections
    assert len(audio.ssrcs) == 1
    assert len(video.ssrcs) == 2
    assert video.repairs == {video.ssrcs[1]: video.ssrcs[0]}


def test_a_browsers_offer_with_sections_that_only_receive_passes() -> None:
    offer = clean_offer(SLOTS, LIMITS)

    assert [each.kind for each in offer.sections] == ["audio", "video"] * 3
    assert [each.direction for each in offer.sections] == ["sendrecv"] * 2 + ["recvonly"] * 4
    assert [bool(each.ssrcs) for each in offer.sections] == [True] * 2 + [False] * 4
    assert len(SLOTS) < LIMITS.sdp_bytes / 2
    assert SLOTS.count("\n") < 0.7 * LIMITS.sdp_lines


def test_only_what_is_known_reaches_the_parser() -> None:
    offer = CHROMIUM.replace("a=mid:0", f"{CANDIDATE}\na=end-of-candidates\na=ice-lite\na=mid:0")
    cleaned = clean_offer(offer, LIMITS).sdp

    for name in ("candidate", "end-of-candidates", "ice-lite", "rtcp-xr", "ice-options", "rid"):
        assert f"a={name}" not in cleaned
    assert "a=ice-ufrag" in cleaned
    assert "169.254" not in cleaned


@pytest.mark.parametrize("number", ["0", "15", "20", "255", "256", "4097", "1x", "", "-1", "01"])
def test_extensions_that_no_one_byte_header_holds_are_cut_out(number: str) -> None:
    line = f"a=extmap:{number} urn:ietf:params:rtp-hdrext:sdes:mid"
    kept = "a=extmap:14/sendrecv urn:x"
    cleaned = clean_offer(CHROMIUM + f"{line}\n{kept}\n", LIMITS).sdp

    assert line not in cleaned.splitlines()
    assert kept in cleaned.splitlines()


def test_payload_types_beyond_seven_bits_are_cut_out() -> None:
    offer = CHROMIUM + "a=rtpmap:127 x/90000\na=rtpmap:128 x/90000\na=rtpmap:300 x/90000\n"
    cleaned = clean_offer(offer, LIMITS).sdp

    assert "a=rtpmap:127 " in cleaned
    assert not [number for number in (128, 300) if f"a=rtpmap:{number} " in cleaned]


def test_other_fingerprint_algorithms_are_cut_out() -> None:
    offer = CHROMIUM.replace(FINGERPRINT, f"{FINGERPRINT}\na=fingerprint:sha-512 AA:BB")

    assert "sha-512" not in clean_offer(offer, LIMITS).sdp


def test_a_fingerprint_of_the_session_holds_for_its_sections() -> None:
    offer = CHROMIUM.replace(FINGERPRINT + "\n", "").replace("t=0 0\n", f"t=0 0\n{FINGERPRINT}\n")

    assert clean_offer(offer, LIMITS).sdp.count("a=fingerprint") == 1


def test_lines_may_end_with_line_feeds_alone() -> None:
    assert clean_offer(CHROMIUM.replace("\r\n", "\n"), LIMITS).sdp.count("\r\n") > 20


def without(start: str) -> str:
    return "".join(
        line for line in CHROMIUM.splitlines(keepends=True) if not line.startswith(start)
    )


BAD = {
    "empty": "",
    "garbage": "hello\nworld\n",
    "binary": "v=0\n\x00\x01\x02",
    "not ASCII": CHROMIUM.replace("s=-", "s=Åsa"),
    "a line separator of Unicode": CHROMIUM.replace("s=-", "s=-\u2028a=ice-lite"),
    "a bare carriage return": CHROMIUM.replace("s=-", "s=-\ra=ice-lite"),
    "no media": CHROMIUM[: CHROMIUM.index("m=audio")],
    "1 MB": CHROMIUM + "a=x\n" * 260_000,
    "1,000 media sections": CHROMIUM + "m=audio 9 UDP/TLS/RTP/SAVPF 111\n" * 900,
    "too many lines": CHROMIUM + "a=x:\n" * 1_000,
    "nine media sections": CHROMIUM + "m=audio 9 UDP/TLS/RTP/SAVPF 111\n" * 7,
    "a data channel": CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n",
    "plain RTP": CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "no fingerprint": without("a=fingerprint"),
    "two fingerprints": CHROMIUM.replace(FINGERPRINT, f"{FINGERPRINT}\n{FINGERPRINT}"),
    "SHA-1 alone": CHROMIUM.replace("sha-256", "sha-1"),
    "a short fingerprint": CHROMIUM.replace(FINGERPRINT, FINGERPRINT[:-3]),
    "different fingerprints": CHROMIUM.replace(FINGERPRINT, FINGERPRINT[:-2] + "00", 1),
    "holdconn": CHROMIUM.replace("a=setup:actpass", "a=setup:holdconn"),
    "no setup": without("a=setup"),
    "no password": without("a=ice-pwd"),
    "no user fragment": without("a=ice-ufrag"),
    "two passwords": CHROMIUM.replace("a=mid:0", "a=ice-pwd:" + "x" * 24 + "\na=mid:0"),
    "no bundle": without("a=group"),
    "half a bundle": CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0"),
    "RTCP on a port of its own": without("a=rtcp-mux"),
    "no mid": without("a=mid"),
    "the same mid twice": CHROMIUM.replace("a=mid:1", "a=mid:0").replace(
        "BUNDLE 0 1", "BUNDLE 0 0"
    ),
    "a stopped section": CHROMIUM.replace("m=video 9", "m=video 0"),
    "an SSRC that is none": CHROMIUM + "a=ssrc:x cname:y\n",
    "an SSRC of 33 bits": CHROMIUM + "a=ssrc:4294967296 cname:y\n",
}


@pytest.mark.parametrize("sdp", BAD.values(), ids=BAD.keys())
def test_refused(sdp: str) -> None:
    before = time.thread_time()
    with pytest.raises(BadOffer) as refusal:
        clean_offer(sdp, LIMITS)

    assert time.thread_time() - before < 0.1  # some 2 ms in truth: no size makes it slow
    assert not any(word in str(refusal.value) for word in ("candidate:", "ufrag:", "pwd:"))


def test_two_thousand_candidates_are_too_many_lines() -> None:
    with pytest.raises(BadOffer):
        clean_offer(CHROMIUM + f"{CANDIDATE}\n" * 2_000, LIMITS)


@given(st.text(max_size=2_000))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(BadOffer):
        clean_offer(text, LIMITS)


@given(
    st.lists(
        st.tuples(st.integers(0, len(CHROMIUM) - 1), st.text(max_size=3)), min_size=1, max_size=8
    )
)
def test_a_damaged_offer_is_either_clean_or_refused(damage: list[tuple[int, str]]) -> None:
    text = CHROMIUM
    for at, what in damage:
        text = text[:at] + what + text[at + len(what) :]
    try:
        cleaned = clean_offer(text, LIMITS).sdp
    except BadOffer:
        return
    assert "a=candidate" not in cleaned
    assert cleaned.isascii()
