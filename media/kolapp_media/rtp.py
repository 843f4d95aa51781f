"""RTP packets as bytes: the header's fixed part, its extensions, repetitions. Pure.

`buffer` is the one buffer a packet is received, rewritten and sent in; `size` is how much of it
the packet fills. Rewriting never changes the length. RFC 3550, 5.1 · RFC 8285 · RFC 4588, 4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

HEADER = struct.Struct("!BBHII")  # flags, marker and payload type, sequence, timestamp, SSRC
REWRITE = struct.Struct("!BHII")  # the same without the flags, written at offset 1
HEADER_SIZE = 12
_U16 = struct.Struct("!H")
_U32 = struct.Struct("!I")
_ONE_BYTE = 0xBEDE
_TWO_BYTE = 0x1000

Buffer = bytearray | memoryview


class MalformedPacket(ValueError):
    """The packet's own lengths do not fit into it."""


def extension_area(buffer: Buffer, size: int) -> tuple[int, int, int]:
    """Profile, start and end of the extensions; the payload begins at the end.

    Profile 0 means there are none; start and end then are where the payload begins.
    """
    if size < HEADER_SIZE:
        raise MalformedPacket("shorter than a header")
    start = HEADER_SIZE + 4 * (buffer[0] & 0x0F)
    if not buffer[0] & 0x10:
        if start > size:
            raise MalformedPacket("contributing sources are cut off")
        return 0, start, start
    if start + 4 > size:
        raise MalformedPacket("extension header is cut off")
    profile = _U16.unpack_from(buffer, start)[0]
    end = start + 4 + 4 * _U16.unpack_from(buffer, start + 2)[0]
    if end > size:
        raise MalformedPacket("extensions are cut off")
    return profile, start + 4, end


def _elements(buffer: Buffer, profile: int, start: int, end: int) -> list[tuple[int, int, int]]:
    """Id, value start and value end of each element; padding is skipped.

    The element's own header is the byte (or two) right before its value.
    """
    two_byte = profile & 0xFFF0 == _TWO_BYTE
    if not two_byte and profile != _ONE_BYTE:
        return []
    found = []
    position = start
    while position < end:
        first = buffer[position]
        if first == 0:
            position += 1
            continue
        if two_byte:
            if position + 2 > end:
                raise MalformedPacket("extension element is cut off")
            number, length, value = first, buffer[position + 1], position + 2
        else:
            number, length, value = first >> 4, (first & 0x0F) + 1, position + 1
            if number == 15:  # RFC 8285, 4.2: stop at the reserved id
                break
        if value + length > end:
            raise MalformedPacket("extension element is cut off")
        found.append((number, value, value + length))
        position = value + length
    return found


def find_extension(buffer: Buffer, size: int, number: int) -> bytes | None:
    """The value of the extension with this id, if the packet carries it."""
    profile, start, end = extension_area(buffer, size)
    for found, value, stop in _elements(buffer, profile, start, end):
        if found == number:
            return bytes(buffer[value:stop])
    return None


def rewrite_extensions(
    buffer: Buffer, size: int, ids: Mapping[int, int], fixed: Mapping[int, bytes]
) -> None:
    """Renumber extensions in place; `ids` maps incoming to outgoing ids.

    An extension without an outgoing id becomes padding, and so does one whose value is `fixed`
    (by incoming id) to something of another length.
    """
    profile, start, end = extension_area(buffer, size)
    for number, value, stop in _elements(buffer, profile, start, end):
        outgoing = ids.get(number, 0)
        wanted = fixed.get(number)
        two_byte = profile != _ONE_BYTE
        if not outgoing or (wanted is not None and len(wanted) != stop - value):
            first = value - (2 if two_byte else 1)
            buffer[first:stop] = bytes(stop - first)
            continue
        if two_byte:
            buffer[value - 2] = outgoing
        else:
            buffer[value - 1] = outgoing << 4 | (stop - value - 1)
        if wanted is not None:
            buffer[value:stop] = wanted


def shift_send_time(buffer: Buffer, size: int, number: int, seconds: float) -> None:
    """Let a packet that is sent again say when that is: abs-send-time, 24 bits of 2^-18 s.

    A receiver would take the delay for a queue, and ask for a worse picture.
    """
    profile, start, end = extension_area(buffer, size)
    for found, value, stop in _elements(buffer, profile, start, end):
        if found == number and stop - value == 3:
            said = int.from_bytes(buffer[value:stop], "big") + int(seconds * 2**18)
            buffer[value:stop] = (said & 0xFFFFFF).to_bytes(3, "big")


def repetition(packet: bytes, ssrc: int, payload_type: int, sequence: int) -> bytearray:
    """A packet as it is sent again: in a stream of its own, which says whom it repeats."""
    _, _, payload = extension_area(bytearray(packet), len(packet))
    again = bytearray(packet[:payload] + packet[2:4] + packet[payload:])
    marker = packet[1] & 0x80
    timestamp = HEADER.unpack_from(packet)[3]
    REWRITE.pack_into(again, 1, marker | payload_type, sequence, timestamp, ssrc)
    return again


def unwrap_repetition(buffer: Buffer, size: int) -> tuple[int, int] | None:
    """Take the original sequence number out, in place: that number and the new size.

    None for a packet of nothing but padding, which a sender uses to try the line.
    """
    _, _, payload = extension_area(buffer, size)
    padding = buffer[size - 1] if buffer[0] & 0x20 else 0
    if payload + 2 > size - padding:
        return None
    original = _U16.unpack_from(buffer, payload)[0]
    buffer[payload : size - 2] = buffer[payload + 2 : size]
    return original, size - 2
