"""Sealing at rest: AES-256-GCM (NIST SP 800-38D) under a ring of keys that can be rotated.

The newest key seals, every key of the ring opens: put a new line at the end of the file, and take
an old one out when nothing sealed with it is kept any more. Each purpose has a key of its own,
derived from the ring's (HKDF, RFC 5869), so that what is sealed for one is never taken for another.
A nonce is random: one key may seal 2^32 times, so renew it once a year.

    SealError
     ├─ BadKeys      the key file cannot be used; says which line and why
     ├─ UnknownKey   sealed with a key that the ring does not have (any more)
     └─ NotGenuine   changed, cut off, of another purpose or context, or never sealed by us
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
_SPELLED = re.compile(r"[A-Za-z0-9_-]*")
TAG_BYTES = 16
FORMAT = 1  # first byte of everything sealed

_LINE = re.compile(r"([A-Za-z0-9_-]{1,16}):([0-9a-fA-F]{64})\Z")


class Purpose(StrEnum):
    INTAKE = "intake"
    CHAT = "chat"
    TICKET = "ticket"
    INVITATION = "invitation"
    GUEST = "guest"


class SealError(Exception):
    """Base of everything sealing raises on purpose."""


class BadKeys(SealError):
    pass


@dataclass
class UnknownKey(SealError):
    key_id: str

    def __str__(self) -> str:
        return f"sealed with key {self.key_id!r}, which the key file does not hold"


class NotGenuine(SealError):
    pass


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id; the last one seals. Never shown: its `repr` holds the ids only."""

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise BadKeys("the key file is empty: it needs a line ID:HEX with 32 bytes in hex")

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Lines `ID:HEX` (32 bytes in hex), the newest last; `#` begins a comment. Raises BadKeys,
        which never quotes the line: it is a secret."""
        keys: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.partition("#")[0].strip()
            if not line:
                continue
            match = _LINE.match(line)
            if match is None:
                raise BadKeys(f"line {number} of the key file is not ID:HEX with 32 bytes in hex")
            if match[1] in keys:
                raise BadKeys(f"line {number} of the key file has the id of an earlier line")
            keys[match[1]] = bytes.fromhex(match[2])
        return cls(keys)

    @staticmethod
    def new_line(key_id: str) -> str:
        """A line with a fresh key, to be put at the end of the file."""
        return f"{key_id}:{secrets.token_hex(KEY_BYTES)}\n"

    @property
    def newest(self) -> str:
        return next(reversed(list(self.keys)))

    def seal(self, purpose: Purpose, plain: bytes, context: str) -> str:
        """Seal for one purpose; `context` (such as the ticket's id) must be the same to open it.
        URL-safe text without padding, 4/3 of the length and some 50 characters."""
        key_id = self.newest.encode()
        header = bytes((FORMAT, len(key_id))) + key_id
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = self._cipher(self.newest, purpose).encrypt(nonce, plain, _bound(header, context))
        return base64.urlsafe_b64encode(header + nonce + box).rstrip(b"=").decode()

    def open(self, purpose: Purpose, sealed: str, context: str) -> bytes:
        """What was sealed. Raises UnknownKey, NotGenuine."""
        header, nonce, box = _parts(sealed)
        key_id = header[2:].decode("ascii", "replace")
        if key_id not in self.keys:
            raise UnknownKey(key_id)
        try:
            cipher = self._cipher(key_id, purpose)
            return cipher.decrypt(nonce, box, _bound(header, context))
        except InvalidTag:
            raise NotGenuine("this was not sealed here for this") from None

    def _cipher(self, key_id: str, purpose: Purpose) -> AESGCM:
        info = f"kolapp {purpose}".encode()
        return AESGCM(HKDF(SHA256(), KEY_BYTES, None, info).derive(self.keys[key_id]))


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()


def _parts(sealed: str) -> tuple[bytes, bytes, bytes]:
    """Header, nonce, and ciphertext with its tag."""
    if not _SPELLED.fullmatch(sealed):  # the decoder takes the other alphabet's + and / too
        raise NotGenuine("this is no sealed text")
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotGenuine("this is no sealed text") from None
    header_bytes = 2 + raw[1] if len(raw) > 1 else 0
    if len(raw) < header_bytes + NONCE_BYTES + TAG_BYTES or not header_bytes or raw[0] != FORMAT:
        raise NotGenuine("this is no sealed text")
    body = header_bytes + NONCE_BYTES
    return raw[:header_bytes], raw[header_bytes:body], raw[body:]
