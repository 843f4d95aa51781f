"""Offers as data: check and clean one before any parser sees it. Pure.

Only the attributes listed here reach the WebRTC library; everything else is cut out, above all
`a=candidate` and `a=end-of-candidates`. A candidate would make us send packets wherever the
client says; without them the node learns the client's address from its authenticated checks.

An error names what is wrong, never what the offer contained: SDP is nobody's log's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from .errors import BadOffer
from .settings import MediaSettings

_LINE = re.compile(r"[a-z]=[\x20-\x7e]*\Z")
_MEDIA = re.compile(r"(audio|video) ([0-9]{1,5}) (UDP/TLS/RTP/SAVPF|RTP/SAVPF) ([0-9 ]{1,400})\Z")
_MID = re.compile(r"[A-Za-z0-9_.+-]{1,16}\Z")  # at most what a one-byte header extension holds
_UFRAG = re.compile(r"[A-Za-z0-9+/=_-]{4,256}\Z")
_PWD = re.compile(r"[A-Za-z0-9+/=_-]{22,256}\Z")
_SHA256 = re.compile(r"sha-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}\Z", re.IGNORECASE)
_SSRC = re.compile(r"([0-9]{1,10}) [a-z]+(?::.*)?\Z")
_FID = re.compile(r"FID ([0-9]{1,10}) ([0-9]{1,10})\Z")
# An id of the one-byte form (RFC 8285, 4.2): a packet is never made longer, so no other fits.
_EXTMAP = re.compile(r"(?:[1-9]|1[0-4])(?:/[a-z]+)? ")
_RTPMAP = re.compile(r"(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-7]) ")  # seven bits: RFC 3550, 5.1
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_SETUPS = ("actpass", "active", "passive")
_PORT_STOPPED = "0"

# Passed on as they are; all others are either handled by name below or cut out.
_PASSED = frozenset(
    ("msid-semantic", "extmap", "msid", "rtcp-mux", "rtpmap", "fmtp", "rtcp-fb", "ssrc-group")
)
_NUMBERED = {"extmap": _EXTMAP, "rtpmap": _RTPMAP}


@dataclass
class Section:
    """One media section of an offer, as far as forwarding needs it."""

    kind: str
    mid: str = ""
    direction: str = "sendrecv"
    ssrcs: list[int] = field(default_factory=list)
    repairs: dict[int, int] = field(default_factory=dict)  # RTX SSRC -> the SSRC it repairs


@dataclass(frozen=True)
class Offer:
    """A checked offer. `setup` is the client's DTLS role: actpass, active or passive."""

    sdp: str
    setup: str
    sections: tuple[Section, ...]


@dataclass
class _Block:
    """The session's lines, or those of one media section, while being read."""

    head: list[str]
    section: Section | None = None
    lines: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    fingerprints: list[str] = field(default_factory=list)


def clean_offer(sdp: str, limits: MediaSettings) -> Offer:
    """The offer without anything we do not use, or `BadOffer`."""
    if len(sdp) > limits.sdp_bytes:
        _refuse("the offer is too large")
    lines = sdp.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > limits.sdp_lines:
        _refuse("the offer has too many lines")
    if lines[0] != "v=0":
        _refuse("the offer does not begin with v=0")
    blocks = _read(lines, limits.sdp_sections)
    session, media = blocks[0], blocks[1:]
    if not media:
        _refuse("the offer has no media section")
    merged = [_merge(session, block) for block in media]
    _check_bundle(session, merged)
    setup = _same([block.attributes.get("setup", "") for block in merged], "setup")
    if setup not in _SETUPS:
        _refuse("a=setup must be actpass, active or passive")
    cleaned = [line for block in blocks for line in (*block.head, *block.lines)]
    sections = tuple(block.section for block in merged if block.section is not None)
    return Offer("\r\n".join(cleaned) + "\r\n", setup, sections)


def _refuse(reason: str) -> NoReturn:
    raise BadOffer(reason)


def _same(values: list[str], name: str) -> str:
    if len(set(values)) != 1:
        _refuse(f"a={name} differs between the media sections")
    return values[0]


def _read(lines: list[str], max_sections: int) -> list[_Block]:
    blocks = [_Block(head=[])]
    for line in lines:
        if not _LINE.match(line):
            _refuse("a line of the offer is not SDP")
        kind, value = line[0], line[2:]
        if kind == "m":
            if len(blocks) > max_sections:
                _refuse("the offer has too many media sections")
            blocks.append(_open_section(line, value))
        elif kind == "a":
            _read_attribute(blocks[-1], line, value)
        elif kind in "vost" and len(blocks) == 1:
            blocks[0].head.append(line)
    return blocks


def _open_section(line: str, value: str) -> _Block:
    found = _MEDIA.match(value)
    if not found:
        _refuse("a media section is neither audio nor video over DTLS-SRTP")
    return _Block(head=[line], section=Section(found[1]), attributes={"port": found[2]})


def _read_attribute(block: _Block, line: str, value: str) -> None:
    name, _, text = value.partition(":")
    section = block.section
    if name == "fingerprint":
        _read_fingerprint(block, line, text)
    elif name in ("ice-ufrag", "ice-pwd", "setup", "mid", "group"):
        if name in block.attributes:
            _refuse(f"a={name} appears twice")
        block.attributes[name] = text
        block.lines.append(line)
    elif name == "ssrc" and section:
        _read_ssrc(section, text)
        block.lines.append(line)
    elif name in _DIRECTIONS and section:
        section.direction = name
        block.lines.append(line)
    elif name in _NUMBERED and not _NUMBERED[name].match(text):
        return  # not supported, as if it had not been offered
    elif name in _PASSED:
        if name == "ssrc-group" and section:
            _read_group(section, text)
        block.attributes[name] = text
        block.lines.append(line)
    elif name == "bundle-only":
        block.attributes[name] = text


def _read_fingerprint(block: _Block, line: str, text: str) -> None:
    """Keep SHA-256 alone (RFC 8122, 5: one supported algorithm is enough)."""
    if not text.lower().startswith("sha-256 "):
        return
    if not _SHA256.match(text):
        _refuse("a=fingerprint is malformed")
    block.fingerprints.append(text.upper())
    block.lines.append(line)


def _number32(text: str) -> int:
    number = int(text)
    if number > 0xFFFFFFFF:
        _refuse("an SSRC is larger than 32 bits")
    return number


def _read_ssrc(section: Section, text: str) -> None:
    found = _SSRC.match(text)
    if not found:
        _refuse("a=ssrc is malformed")
    ssrc = _number32(found[1])
    if ssrc not in section.ssrcs:
        section.ssrcs.append(ssrc)


def _read_group(section: Section, text: str) -> None:
    found = _FID.match(text)
    if found:  # RFC 5576, 4.2: the second is the retransmission of the first
        section.repairs[_number32(found[2])] = _number32(found[1])


def _merge(session: _Block, block: _Block) -> _Block:
    """What holds for a section: its own attributes, else the session's."""
    section = block.section
    assert section is not None
    attributes = {**session.attributes, **block.attributes}
    fingerprints = session.fingerprints + block.fingerprints
    if len(fingerprints) != 1:
        _refuse("exactly one sha-256 fingerprint must hold for each media section")
    if not _UFRAG.match(attributes.get("ice-ufrag", "")):
        _refuse("a=ice-ufrag is missing or malformed")
    if not _PWD.match(attributes.get("ice-pwd", "")):
        _refuse("a=ice-pwd is missing or malformed")
    if "rtcp-mux" not in attributes:
        _refuse("a=rtcp-mux is missing")
    if attributes["port"] == _PORT_STOPPED and "bundle-only" not in attributes:
        _refuse("a media section is stopped; offer with a new connection")
    section.mid = block.attributes.get("mid", "")
    if not _MID.match(section.mid):
        _refuse("a=mid is missing or malformed")
    return _Block(block.head, section, block.lines, attributes, fingerprints)


def _check_bundle(session: _Block, merged: list[_Block]) -> None:
    mids = [block.section.mid for block in merged if block.section]
    bundle = session.attributes.get("group", "").split()
    if bundle[:1] != ["BUNDLE"] or sorted(bundle[1:]) != sorted(mids):
        _refuse("a=group:BUNDLE must name every media section")
    if len(set(mids)) != len(mids):
        _refuse("two media sections have the same a=mid")
    for name in ("ice-ufrag", "ice-pwd"):
        _same([block.attributes[name] for block in merged], name)
    _same([block.fingerprints[0] for block in merged], "fingerprint")
