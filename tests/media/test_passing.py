"""What two browsers tell each other of themselves, and what the other one gets of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kolapp_media.errors import BadOffer
from kolapp_media.passing import MOST_CANDIDATES, passed_candidate, passed_sdp
from kolapp_media.sdp import clean_offer
from kolapp_media.settings import MediaSettings

CHROMIUM = (Path(__file__).parent / "data" / "chromium.sdp").read_text()
LIMITS = MediaSettings()
HIDDEN = "4f4f6b2e-9f7c-4c1b-8a3e-0123456789ab.local"
HOST = "candidate:1 1 udp 2122260223 192.168.1.2 54321 typ host generation 0 ufrag abcd"
SRFLX = "candidate:2 1 udp 1686052607 203.0.113.7 54321 typ srflx raddr 192.168.1.2 rport 54321"
RELAY = "candidate:3 1 udp 41885439 198.51.100.3 50000 typ relay raddr 203.0.113.7 rport 54321"
TCP = "candidate:4 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active generation 0"


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("", ""),
        (HOST, HOST),
        (SRFLX, SRFLX),
        (TCP, TCP),
        (HOST.replace("192.168.1.2", HIDDEN), HOST.replace("192.168.1.2", HIDDEN)),
        # Who is behind a relay need not be told to anybody.
        (RELAY, RELAY.replace("203.0.113.7 rport 54321", "0.0.0.0 rport 0")),
        (f"{HOST} network-id 1 network-cost 10", HOST),
    ],
)
def test_a_candidate_is_passed_on(said: str, passed: str) -> None:
    assert passed_candidate(said, relay_only=False) == passed


@pytest.mark.parametrize("text", [HOST, SRFLX, TCP, HOST.replace("192.168.1.2", HIDDEN)])
def test_over_relays_alone_nobody_learns_an_address(text: str) -> None:
    assert passed_candidate(text, relay_only=True) is None
    assert passed_candidate("", relay_only=True) == ""


def test_over_relays_alone_relays_are_passed_on() -> None:
    passed = passed_candidate(RELAY, relay_only=True)
    assert passed == RELAY.replace("203.0.113.7 rport 54321", "0.0.0.0 rport 0")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        f"a={HOST}",
        f"{HOST}\r\na=ice-pwd:another",
        f"{HOST}\n",
        f" {HOST}",
        HOST.replace("candidate:1", "candidate:" + "1" * 33),
        HOST.replace("candidate:1 1", "candidate:1 257"),
        HOST.replace("candidate:1 1", "candidate:1 0"),
        HOST.replace(" udp ", " sctp "),
        HOST.replace("2122260223", "2147483648"),
        HOST.replace("54321", "65536"),
        HOST.replace("typ host", "typ guest"),
        HOST.replace("typ host", ""),
        HOST.replace("192.168.1.2", "printer.hospital.example"),
        HOST.replace("192.168.1.2", "printer.local"),
        HOST.replace("192.168.1.2", "239.0.0.1"),
        HOST.replace("192.168.1.2", "ff02::1"),
        HOST.replace("192.168.1.2", "1.2.3"),
        HOST.replace("192.168.1.2", "\u0661.\u0661.\u0661.\u0661"),
        SRFLX.replace("raddr 192.168.1.2", "raddr printer.hospital.example"),
        SRFLX.replace("rport 54321", "rport 99999"),
        f"{HOST} odd",
        f"{HOST} {'a b ' * 20}".rstrip(),
    ],
)
def test_what_is_no_candidate_is_refused(text: str) -> None:
    for relay_only in (False, True):
        with pytest.raises(BadOffer):
            passed_candidate(text, relay_only=relay_only)


def with_candidates(*candidates: str) -> str:
    return CHROMIUM.rstrip() + "".join(f"\r\na={each}" for each in candidates) + "\r\n"


def lines(sdp: str) -> list[str]:
    return sdp.split("\r\n")


def test_a_description_keeps_its_candidates_and_loses_what_is_foreign() -> None:
    said = with_candidates(HOST, RELAY, "x-secret:1", "end-of-candidates")
    passed = lines(passed_sdp(said, LIMITS, relay_only=False))
    assert f"a={HOST}" in passed
    assert "a=end-of-candidates" in passed
    assert not any("x-secret" in line or "203.0.113.7" in line for line in passed)
    kept = [line for line in lines(clean_offer(said, LIMITS).sdp) if line[:2] not in ("o=", "s=")]
    assert [line for line in kept if line not in passed] == []
    assert sum(line.startswith("m=") for line in passed) == sum(
        line.startswith("c=IN IP4 0.0.0.0") for line in passed
    )


def test_a_description_names_no_host_and_no_user() -> None:
    said = CHROMIUM.replace("o=-", "o=root@hospital.example", 1)
    passed = passed_sdp(said, LIMITS, relay_only=False)
    assert "hospital" not in passed
    assert lines(passed)[:3] == ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-"]


def test_over_relays_alone_a_description_has_only_their_candidates() -> None:
    passed = lines(passed_sdp(with_candidates(HOST, SRFLX, RELAY), LIMITS, relay_only=True))
    assert [line for line in passed if line.startswith("a=candidate")] == [
        f"a={passed_candidate(RELAY, relay_only=True)}"
    ]


def test_sections_that_are_bundled_stay_alive() -> None:
    sections = CHROMIUM.split("m=video ")
    said = "m=video 0".join([sections[0], sections[1].lstrip("0123456789")])
    said = said.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n").replace(
        "a=mid:1\n", "a=mid:1\na=bundle-only\n"
    )
    assert "a=bundle-only" in lines(passed_sdp(said, LIMITS, relay_only=False))


@pytest.mark.parametrize(
    "said",
    [
        "nonsense",
        with_candidates("candidate:1 1 udp 1 printer.example 1 typ host"),
        with_candidates(*[HOST] * (MOST_CANDIDATES + 1)),
        CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        CHROMIUM + "a=x:" + "x" * LIMITS.sdp_bytes,
        CHROMIUM + "a=x\r\n" * LIMITS.sdp_lines,
    ],
)
def test_what_a_node_would_refuse_is_refused(said: str) -> None:
    with pytest.raises(BadOffer):
        passed_sdp(said, LIMITS, relay_only=False)
