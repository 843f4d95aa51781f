"""The control socket's bytes: addresses, frames, and how both sides prove themselves. Pure.

A frame is a 4-byte big-endian length and that many bytes. The first three frames are the
handshake, in the clear and worth nothing to who overhears them:

  node     -> dialler   `GREETING` and the node's nonce
  dialler  -> node      the dialler's nonce and its proof
  node     -> dialler   the node's proof

A proof is an HMAC-SHA256 over both nonces with the shared secret. From then on each frame is a
16-byte tag and one MessagePack map of `model.py`; the tag is an HMAC over direction, frame
number and content with a key of this connection alone, so that nobody between the two can put
in, leave out, repeat or change a request. It does not hide them: between hosts use a private
network.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from .errors import BadRequest, NodeGone
from .model import CONTROL_LIMIT

GREETING = b"kolapp-media 1\n"
NONCE = 32
PROOF = 32
TAG = 16
# No frame of the handshake is larger; who is not proved cannot make the other side store more.
HANDSHAKE_LIMIT = 128
DIALLER, NODE = b"dialler", b"node"

_LENGTH = struct.Struct("!I")
_NUMBER = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens: a Unix socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """`unix:/path`, `host:port` or `[v6]:port`; `ValueError` says what is wrong."""
        if text.startswith("unix:"):
            if not text[5:].startswith("/"):
                raise ValueError("a unix: address needs an absolute path")
            return cls(path=text[5:])
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError("a control address is host:port or unix:/path")
        return cls(host=host.strip("[]"), port=int(port))

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class FrameReader:
    """Cuts a stream of bytes into frames; a longer one than `limit` is a `BadRequest`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by these bytes.

        Nothing is stored beyond one frame: the length is judged before its content arrives.
        """
        self._bytes += data
        frames = []
        while len(self._bytes) >= _LENGTH.size:
            size = _LENGTH.unpack_from(self._bytes)[0]
            if size > self.limit:
                raise BadRequest("a frame is larger than allowed")
            end = _LENGTH.size + size
            if len(self._bytes) < end:
                break
            frames.append(bytes(self._bytes[_LENGTH.size : end]))
            del self._bytes[:end]
        return frames


def frame(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content


@dataclass(frozen=True, slots=True)
class Handshake:
    """Both nonces and the secret: who knows the secret can make and check both proofs."""

    secret: bytes
    node_nonce: bytes
    dialler_nonce: bytes

    def proof(self, side: bytes) -> bytes:
        return self._hash(b"proof of the " + side)

    def check(self, side: bytes, proof: bytes) -> bool:
        return hmac.compare_digest(self.proof(side), proof)

    def seal(self, side: bytes) -> Seal:
        """Tags the frames sent by `side`."""
        return Seal(self._hash(b"frames of the " + side))

    def _hash(self, purpose: bytes) -> bytes:
        message = purpose + self.node_nonce + self.dialler_nonce
        return hmac.digest(self.secret, message, "sha256")


class Seal:
    """One direction of one connection: numbers its frames and tags or checks them."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._number = 0

    def close(self, content: bytes) -> bytes:
        """The content as a frame, ready to be written."""
        return frame(self._tag(content) + content)

    def open(self, received: bytes) -> bytes:
        """A received frame's content, or `BadRequest` if it is not the next one of this peer."""
        content = received[TAG:]
        if not hmac.compare_digest(self._tag(content), received[:TAG]):
            raise BadRequest("a frame is not authentic")
        return content

    def _tag(self, content: bytes) -> bytes:
        numbered = _NUMBER.pack(self._number) + content
        self._number += 1
        return hmac.digest(self._key, numbered, "sha256")[:TAG]


def read_greeting(received: bytes) -> bytes:
    """The node's nonce, or `NodeGone` if whoever listens there is no media node."""
    if not received.startswith(GREETING) or len(received) != len(GREETING) + NONCE:
        raise NodeGone("what listens there is not a media node of this version")
    return received[len(GREETING) :]


def read_reply(received: bytes) -> tuple[bytes, bytes]:
    """The dialler's nonce and proof, or `BadRequest`."""
    if len(received) != NONCE + PROOF:
        raise BadRequest("the handshake is malformed")
    return received[:NONCE], received[NONCE:]


__all__ = [
    "CONTROL_LIMIT",
    "DIALLER",
    "GREETING",
    "HANDSHAKE_LIMIT",
    "NODE",
    "NONCE",
    "Address",
    "FrameReader",
    "Handshake",
    "Seal",
    "frame",
    "read_greeting",
    "read_reply",
]
