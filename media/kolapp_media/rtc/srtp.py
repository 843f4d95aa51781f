"""SRTP in place, through pylibsrtp's binding: a small typed border.

The public `Session.protect` copies each packet four times. Here a packet stays in one C buffer
from the socket to the socket. One `Workspace` belongs to one event loop: never share it between
threads.
"""

from __future__ import annotations

from typing import Any

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCDtlsTransport,
)
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled

# AES-128-GCM first: measured fastest, and the answering server's order decides (RFC 5764, 4.1.1).
PROFILES = [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80]

_EXPORTER = b"EXTRACTOR-dtls_srtp"  # RFC 5764, 4.2
_TRAILER = 16 + 128 + 4  # what libsrtp may append: tag, MKI and the SRTCP index
_LARGEST = 2_048  # no datagram of a browser is larger than a network's 1,500 bytes
_WINDOW = 256  # packets a late one may be behind; the cipher moves the whole window each time

unprotect_rtp: Any = lib.srtp_unprotect
protect_rtp: Any = lib.srtp_protect
unprotect_rtcp: Any = lib.srtp_unprotect_rtcp
protect_rtcp: Any = lib.srtp_protect_rtcp


class Workspace:
    """The buffer datagrams are received into, rewritten in and sent from."""

    def __init__(self) -> None:
        self.memory: Any = ffi.new("unsigned char[]", _LARGEST + _TRAILER)
        self.view = memoryview(ffi.buffer(self.memory))
        self.receiving = self.view[:_LARGEST]
        # Its beginnings by length: making a slice costs as much as finding a packet's stream.
        self.first = [self.view[:size] for size in range(len(self.view) + 1)]
        self.length: Any = ffi.new("int *")


class Cipher:
    """One direction of one leg. `context` is valid while this object lives.

    Whoever keeps the raw `context` keeps the object too: a context on its own dangles as soon
    as its leg closes.
    """

    __slots__ = ("_session", "context")

    def __init__(self, key: bytes, profile: int, *, inbound: bool) -> None:
        kind = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile)
        policy.window_size = _WINDOW
        # Under AES-GCM two packets with one number reveal the key stream (RFC 7714, 10.1). The
        # library allows that for retransmissions; here no number is ever sent twice.
        policy.allow_repeat_tx = False
        self._session = Session(policy)
        self.context: Any = self._session._srtp[0]


def ciphers(transport: RTCDtlsTransport) -> tuple[Cipher, Cipher, str]:
    """Incoming and outgoing cipher of a connected DTLS transport, and their profile's name."""
    connection = transport._ssl
    assert connection is not None
    chosen = connection.get_selected_srtp_profile()
    profile = next(each for each in PROFILES if each.openssl_profile == chosen)
    keys = connection.export_keying_material(
        _EXPORTER, 2 * (profile.key_length + profile.salt_length)
    )
    ours = 1 if transport._role == "server" else 0
    incoming = profile.get_key_and_salt(keys, 1 - ours)
    outgoing = profile.get_key_and_salt(keys, ours)
    number = profile.libsrtp_profile
    return (
        Cipher(incoming, number, inbound=True),
        Cipher(outgoing, number, inbound=False),
        chosen.decode(),
    )
