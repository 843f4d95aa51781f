"""RTCP compounds as data: read what a browser says, and build what we say to it. Pure.

Reports and repair end at each leg: nothing is carried over as it is, so a loss on one hop is
neither reported nor repaired on the other. BYE is read over: a leg that is replaced must not end
the stream for the others. RFC 3550, 6 · RFC 4585, 6 · RFC 5104, 4.3.1 ·
draft-alvestrand-rmcat-remb-03.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

SR, RR, SDES, RTPFB, PSFB = 200, 201, 202, 205, 206
NACK = 1
PLI, FIR, APPLICATION = 1, 4, 15
_CNAME = 1

_HEAD = struct.Struct("!BBH")
_U32 = struct.Struct("!I")
_PAIR = struct.Struct("!II")
_LOST = struct.Struct("!HH")
_SENDER = struct.Struct("!IQIII")  # SSRC, NTP time, RTP time, packets, octets
_REPORT = struct.Struct("!IIIIII")  # SSRC, loss, highest sequence, jitter, LSR, DLSR
_MAX_PARTS = 64  # in one compound; a datagram of smaller ones is refused
_MANTISSA_BITS = 18


class MalformedRtcp(ValueError):
    """The compound's own lengths do not fit into it."""


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What a sender says about one of its streams: the same moment in two clocks, and counts.

    `ntp` in units of 2^-32 s; `timestamp` in the stream's own.
    """

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Block:
    """How a stream arrives. `fraction` is of 256 since the last report, `lost` since the start
    (less what came twice), `jitter` in the stream's clock, `last_report` and `delay` in 2^-16 s."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(slots=True)
class Heard:
    """Everything of one compound that we act on. SSRCs are as the browser knows them."""

    senders: list[SenderInfo] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    lost: dict[int, list[int]] = field(default_factory=dict)  # sequence numbers by SSRC
    key_frames: set[int] = field(default_factory=set)
    bandwidth: int | None = None  # bits a second


def read(data: bytes) -> Heard:
    """Read a decrypted compound, or raise `MalformedRtcp`."""
    heard = Heard()
    for kind, count, body in _parts(data):
        if kind == SR:
            _need(body, _SENDER.size + count * _REPORT.size)
            heard.senders.append(SenderInfo(*_SENDER.unpack_from(body)))
            heard.blocks += _blocks(count, body[_SENDER.size :])
        elif kind == RR:
            _need(body, 4 + count * _REPORT.size)
            heard.blocks += _blocks(count, body[4:])
        elif kind == RTPFB and count == NACK:
            _read_lost(body, heard)
        elif kind == PSFB and count in (PLI, FIR):
            heard.key_frames |= _asked_key_frames(count, body)
        elif kind == PSFB and count == APPLICATION:
            heard.bandwidth = _bandwidth(body, heard.bandwidth)
    return heard


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


def _need(body: bytes, size: int) -> None:
    if len(body) < size:
        raise MalformedRtcp("a part is cut off")


def _blocks(count: int, body: bytes) -> Iterator[Block]:
    for index in range(count):
        ssrc, loss, *rest = _REPORT.unpack_from(body, index * _REPORT.size)
        lost = loss & 0xFFFFFF
        yield Block(ssrc, loss >> 24, lost - (lost >> 23 << 24), *rest)


def _feedback(body: bytes) -> tuple[int, bytes]:
    _need(body, 8)
    return _U32.unpack_from(body, 4)[0], body[8:]


def _read_lost(body: bytes, heard: Heard) -> None:
    media, entries = _feedback(body)
    if len(entries) % _LOST.size:
        raise MalformedRtcp("a loss report is cut off")
    lost = heard.lost.setdefault(media, [])
    for first, following in _LOST.iter_unpack(entries):
        lost.append(first)
        lost.extend((first + 1 + bit) & 0xFFFF for bit in range(16) if following >> bit & 1)


def _asked_key_frames(kind: int, body: bytes) -> set[int]:
    media, rest = _feedback(body)
    if kind == PLI:
        return {media}
    # the SSRCs are in the entries, eight bytes each
    return {_U32.unpack_from(rest, at)[0] for at in range(0, len(rest) - 7, 8)}


def _bandwidth(body: bytes, known: int | None) -> int | None:
    _, rest = _feedback(body)
    if len(rest) < 8 or rest[:4] != b"REMB":
        return known
    bits = _U32.unpack_from(rest, 4)[0]
    return int((bits & 0x3FFFF) << (bits >> 18 & 0x3F))


# What we say


def _pack(kind: int, count: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def _packed(blocks: Sequence[Block]) -> bytes:
    return b"".join(
        _REPORT.pack(
            each.ssrc,
            each.fraction << 24 | max(-0x800000, min(0x7FFFFF, each.lost)) & 0xFFFFFF,
            each.highest,
            each.jitter & 0xFFFFFFFF,
            each.last_report,
            each.delay & 0xFFFFFFFF,
        )
        for each in blocks
    )


def sender_report(info: SenderInfo, blocks: Sequence[Block] = ()) -> bytes:
    head = _SENDER.pack(
        info.ssrc,
        info.ntp & 0xFFFFFFFFFFFFFFFF,
        info.timestamp & 0xFFFFFFFF,
        info.packets & 0xFFFFFFFF,
        info.octets & 0xFFFFFFFF,
    )
    return _pack(SR, len(blocks), head + _packed(blocks))


def receiver_report(own: int, blocks: Sequence[Block] = ()) -> bytes:
    """Without blocks it only opens a compound, which must begin with a report."""
    return _pack(RR, len(blocks), _U32.pack(own) + _packed(blocks))


def description(names: Mapping[int, str]) -> bytes:
    """By SSRC: streams with one name belong together, lips and voice (RFC 3550, 6.5.1)."""
    chunks = []
    for ssrc, name in names.items():
        item = bytes([_CNAME, len(name)]) + name.encode()
        chunks.append(_U32.pack(ssrc) + item + bytes(4 - len(item) % 4))
    return _pack(SDES, len(chunks), b"".join(chunks))


def key_frame_request(own: int, publisher: int) -> bytes:
    """A whole compound that asks `publisher` for a key frame."""
    return receiver_report(own) + _pack(PSFB, PLI, _PAIR.pack(own, publisher))


def loss_report(own: int, publisher: int, lost: Sequence[int]) -> bytes:
    """A whole compound that asks for lost packets again."""
    entries = b"".join(_LOST.pack(first, following) for first, following in _grouped(lost))
    return receiver_report(own) + _pack(RTPFB, NACK, _PAIR.pack(own, publisher) + entries)


def _grouped(lost: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each number with a bit for each lost one of the sixteen after it."""
    first, following = -1, 0
    for number in lost:
        ahead = (number - first - 1) & 0xFFFF
        if first >= 0 and ahead < 16:
            following |= 1 << ahead
            continue
        if first >= 0:
            yield first, following
        first, following = number, 0
    if first >= 0:
        yield first, following


def bandwidth(own: int, bits_per_second: int, publishers: Sequence[int]) -> bytes:
    """A whole compound that tells a publisher how much may come in all."""
    exponent = max(0, bits_per_second.bit_length() - _MANTISSA_BITS)
    number = len(publishers) << 24 | exponent << _MANTISSA_BITS | bits_per_second >> exponent
    fields = b"REMB" + struct.pack(f"!{1 + len(publishers)}I", number, *publishers)
    return receiver_report(own) + _pack(PSFB, APPLICATION, _PAIR.pack(own, 0) + fields)
