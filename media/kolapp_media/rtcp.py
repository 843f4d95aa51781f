"""RTCP compounds, carried over from one leg to the other. Pure.

What a browser reports about the SSRCs it hears on its leg must reach the publisher in the
publisher's own SSRCs and sequence numbers, and the other way round for what it says about its
own media. BYE is not carried over: a leg that is replaced must not end the stream for the
others. RFC 3550, 6 · RFC 4585, 6 · draft-alvestrand-rmcat-remb-03.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SR, RR, SDES, RTPFB, PSFB = 200, 201, 202, 205, 206
NACK = 1
PLI, FIR, APPLICATION = 1, 4, 15

_HEAD = struct.Struct("!BBH")
_U32 = struct.Struct("!I")
_PAIR = struct.Struct("!II")
_LOST = struct.Struct("!HH")
_SENDER = struct.Struct("!IQIII")  # SSRC, NTP time, RTP time, packets, octets
_REPORT = struct.Struct("!I4sIIII")  # SSRC, loss, highest sequence, jitter, LSR, DLSR
_MAX_PARTS = 64  # in one compound; a datagram of smaller ones is refused


class MalformedRtcp(ValueError):
    """The compound's own lengths do not fit into it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A stream the reporter sends: its SSRC and timestamps as the other leg knows them."""

    ssrc: int
    timestamp_offset: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A stream the reporter hears: its publisher's SSRC, and what was added to its sequence."""

    ssrc: int
    sequence_offset: int = 0


@dataclass(frozen=True, slots=True)
class Translation:
    """Both directions by the SSRC in the incoming packet; `own` is our SSRC on the other leg."""

    own: int
    published: Mapping[int, Published]
    heard: Mapping[int, Heard]


@dataclass(slots=True)
class Translated:
    """`compound` is empty if nothing is left to send; `key_frames` are publishers' SSRCs."""

    compound: bytes = b""
    key_frames: set[int] = field(default_factory=set)


def translate(data: bytes, how: Translation) -> Translated:
    """Carry a decrypted compound over to the other leg, or raise `MalformedRtcp`."""
    result = Translated()
    parts: list[bytes] = []
    for kind, count, body in _parts(data):
        if kind == SR:
            parts.append(_sender_report(count, body, how))
        elif kind == RR:
            parts.append(_receiver_report(count, body, how))
        elif kind == SDES:
            parts.append(_description(count, body, how))
        elif kind == RTPFB and count == NACK:
            parts.append(_nack(body, how))
        elif kind == PSFB and count in (PLI, FIR):
            result.key_frames |= _asked_key_frames(count, body, how)
        elif kind == PSFB and count == APPLICATION:
            parts.append(_bandwidth(body, how))
    parts = [part for part in parts if part]
    if parts:
        # RFC 3550, 6.1: a compound begins with a report, an empty one if need be.
        if parts[0][1] not in (SR, RR):
            parts.insert(0, empty_report(how.own))
        result.compound = b"".join(parts)
    return result


def empty_report(ssrc: int) -> bytes:
    return _pack(RR, 0, _U32.pack(ssrc))


def key_frame_request(own: int, publisher: int) -> bytes:
    """A whole compound that asks `publisher` for a key frame (RFC 4585, 6.3.1)."""
    return empty_report(own) + _pack(PSFB, PLI, _PAIR.pack(own, publisher))


def _pack(kind: int, count: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def _parts(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    position = 0
    for _ in range(_MAX_PARTS):
        if position == len(data):
            return
        if position + 4 > len(data):
            raise MalformedRtcp("header is cut off")
        flags, kind, words = _HEAD.unpack_from(data, position)
        end = position + 4 + 4 * words
        if flags >> 6 != 2 or end > len(data):
            raise MalformedRtcp("not RTCP, or cut off")
        body = data[position + 4 : end]
        if flags & 0x20:
            if not body or not 0 < body[-1] <= len(body) or body[-1] % 4:
                raise MalformedRtcp("padding does not fit")
            body = body[: -body[-1]]
        yield kind, flags & 0x1F, body
        position = end
    if position != len(data):
        raise MalformedRtcp("too many parts")


def _sender_report(count: int, body: bytes, how: Translation) -> bytes:
    size = _SENDER.size
    if len(body) < size + count * _REPORT.size:
        raise MalformedRtcp("sender report is cut off")
    ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
    known = how.published.get(ssrc)
    blocks = _reports(count, body[size:], how)
    if known is None:
        return _pack(RR, len(blocks), _U32.pack(how.own) + b"".join(blocks)) if blocks else b""
    shifted = (timestamp + known.timestamp_offset) & 0xFFFFFFFF
    head = _SENDER.pack(known.ssrc, ntp, shifted, packets, octets)
    return _pack(SR, len(blocks), head + b"".join(blocks))


def _receiver_report(count: int, body: bytes, how: Translation) -> bytes:
    if len(body) < 4 + count * _REPORT.size:
        raise MalformedRtcp("receiver report is cut off")
    blocks = _reports(count, body[4:], how)
    if not blocks:
        return b""
    return _pack(RR, len(blocks), _sender(body, how) + b"".join(blocks))


def _reports(count: int, body: bytes, how: Translation) -> list[bytes]:
    blocks = []
    for index in range(count):
        ssrc, lost, highest, *rest = _REPORT.unpack_from(body, index * _REPORT.size)
        known = how.heard.get(ssrc)
        if known is not None:
            highest = (highest - known.sequence_offset) & 0xFFFFFFFF
            blocks.append(_REPORT.pack(known.ssrc, lost, highest, *rest))
    return blocks


def _sender(body: bytes, how: Translation) -> bytes:
    """Who reports, as the other leg knows them."""
    known = how.published.get(_U32.unpack_from(body)[0])
    return _U32.pack(known.ssrc if known else how.own)


def _description(count: int, body: bytes, how: Translation) -> bytes:
    """SDES chunks (RFC 3550, 6.5): items up to a null octet, padded to 32 bits."""
    chunks = []
    position = 0
    for _ in range(count):
        end = _chunk_end(body, position)
        known = how.published.get(_U32.unpack_from(body, position)[0])
        if known is not None:
            chunks.append(_U32.pack(known.ssrc) + body[position + 4 : end])
        position = end
    return _pack(SDES, len(chunks), b"".join(chunks)) if chunks else b""


def _chunk_end(body: bytes, start: int) -> int:
    position = start + 4
    while position < len(body) and body[position] != 0:
        if position + 2 > len(body):
            break
        position += 2 + body[position + 1]
    if position >= len(body):
        raise MalformedRtcp("source description is cut off")
    end = position + 4 - (position - start) % 4
    if end > len(body):
        raise MalformedRtcp("source description is cut off")
    return end


def _feedback(body: bytes) -> tuple[int, bytes]:
    if len(body) < 8:
        raise MalformedRtcp("feedback is cut off")
    return _U32.unpack_from(body, 4)[0], body[8:]


def _nack(body: bytes, how: Translation) -> bytes:
    media, lost = _feedback(body)
    known = how.heard.get(media)
    if known is None or not lost or len(lost) % 4:
        return b""
    shifted = b"".join(
        _LOST.pack((first - known.sequence_offset) & 0xFFFF, following)
        for first, following in _LOST.iter_unpack(lost)
    )
    return _pack(RTPFB, NACK, _sender(body, how) + _U32.pack(known.ssrc) + shifted)


def _asked_key_frames(kind: int, body: bytes, how: Translation) -> set[int]:
    media, rest = _feedback(body)
    asked = {media}
    if kind == FIR:  # RFC 5104, 4.3.1: the SSRCs are in the entries, eight bytes each
        asked = {_U32.unpack_from(rest, at)[0] for at in range(0, len(rest) - 7, 8)}
    return {how.heard[ssrc].ssrc for ssrc in asked if ssrc in how.heard}


def _bandwidth(body: bytes, how: Translation) -> bytes:
    """REMB: the bit rate as it is, for the publisher's SSRCs."""
    _, rest = _feedback(body)
    if len(rest) < 8 or rest[:4] != b"REMB" or len(rest) < 8 + 4 * rest[4]:
        return b""
    heard = [_U32.unpack_from(rest, 8 + 4 * index)[0] for index in range(rest[4])]
    known = [how.heard[ssrc].ssrc for ssrc in heard if ssrc in how.heard]
    if not known:
        return b""
    fields = rest[:4] + bytes([len(known)]) + rest[5:8] + struct.pack(f"!{len(known)}I", *known)
    return _pack(PSFB, APPLICATION, _sender(body, how) + bytes(4) + fields)
