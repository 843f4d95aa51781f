"""Tokens for synthetic people: signed here for a server that takes our key, else demo tokens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..demo import demo_token
from ..network import Network

ISSUER, AUDIENCE, PROVIDER = "kolapp-loadtest", "kolapp", "loadtest"
LASTS_S = 12 * 3600


class Tokens:
    """Signed tokens can carry languages, skills and a priority; demo tokens cannot, so there
    everybody is alike."""

    def __init__(self, url: str, network: Network, key_file: str = "") -> None:
        self._url, self._network = url, network
        self._key = Path(key_file).read_bytes() if key_file else b""
        # Another run against the same server is other people.
        self._run = f"{time.time_ns():x}"

    async def patient(self, number: int, urgent: bool) -> str:
        claims = {"priority": "urgent"} if urgent else {}
        return await self._token("patient", f"patient-{number}", claims)

    async def clinician(
        self, number: int, languages: tuple[str, ...], skills: tuple[str, ...]
    ) -> str:
        claims = {"languages": list(languages), "skills": list(skills)}
        return await self._token("clinician", f"clinician-{number}", claims)

    async def _token(self, role: str, subject: str, claims: dict[str, Any]) -> str:
        if not self._key:
            return await demo_token(self._network.session, self._url, role)
        now = int(time.time())
        whole = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": f"{self._run}-{subject}",
            "role": role,
            "provider": PROVIDER,
            "iat": now,
            "exp": now + LASTS_S,
        }
        return jwt.encode(whole | claims, self._key, algorithm="EdDSA")

    @property
    def signed(self) -> bool:
        return bool(self._key)


def make_keys(directory: Path) -> tuple[Path, Path]:
    """A key pair of one run: where the private and the public part are."""
    key = Ed25519PrivateKey.generate()
    private, public = directory / "signing.pem", directory / "verify.pem"
    private.touch(0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public
