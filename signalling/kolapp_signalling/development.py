"""With nothing configured: throw-away keys, demo tokens, and loopback only.

Beyond loopback Kolapp handles health data, so it refuses to go there with keys it made itself.
The one exception is `--lan`, which says by its name what it opens.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from .keyring import kept_random, kept_secret, replace_secret
from .process import StartRefused
from .roles import OF_TOKENS
from .setting_kinds import MEDIA, SERVE, SIGNALLING
from .settings import Settings

DEMO_ISSUER = "kolapp-demo"
DEMO_AUDIENCE = "kolapp"
DEMO_TOKEN_S = 12 * 3600  # one long day of trying it out
DEMO_ROLES = tuple(role.value for role in OF_TOKENS)
SEAL_KEYS = "seal-keys"


def prepare(settings: Settings, command: str) -> Settings:
    """The settings that `command` really runs with: checked, and with keys made where allowed.

    Preparing twice changes nothing, so a child may do it again.
    Raises StartRefused when this would open throw-away keys to the network.
    """
    demo = command != MEDIA and (settings.demo or settings.jwt_key_file is None)
    for host in _opened(settings, command):
        if not is_loopback(host):
            _refuse_exposure(settings, command, host, demo)
    if settings.webhook_url and not settings.webhook_secret:
        raise StartRefused(
            "KOLAPP_WEBHOOK_URL needs KOLAPP_WEBHOOK_SECRET: the backend must know who tells it."
        )
    if settings.turn_urls and not settings.turn_secret:
        raise StartRefused(
            "KOLAPP_TURN_URLS needs KOLAPP_TURN_SECRET: the TURN servers let nobody in without it."
        )
    settings = replace(settings, data_dir=settings.data_dir.absolute())
    if demo:
        settings = _with_demo_keys(settings)
    keys = settings.data_dir / "keys"
    settings = replace(
        settings, cluster_secret=settings.cluster_secret or kept_random(keys, "cluster-secret")
    )
    if command == MEDIA:
        return settings
    return replace(
        settings,
        identity_pepper=settings.identity_pepper or kept_random(keys, "identity-pepper"),
        seal_keys=settings.seal_keys or _kept_seal_keys(keys),
        audit_dir=(settings.audit_dir or settings.data_dir / "audit").absolute(),
    )


def demo_token(settings: Settings, role: str, subject: str) -> str:
    """A token such as an identity provider would issue, for the demo pages and for tests."""
    if not settings.demo:
        raise StartRefused("Demo tokens are off because real keys are configured.")
    if role not in DEMO_ROLES:
        raise ValueError(f"a demo token's role is one of {', '.join(DEMO_ROLES)}")
    import jwt  # the supervisor must start without it

    now = int(time.time())
    claims = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": subject,
        settings.jwt_role_claim: role,
        settings.jwt_provider_claim: settings.demo_provider,
        **({settings.jwt_board_claim: True} if role == "clinician" else {}),
        "iat": now,
        "exp": now + DEMO_TOKEN_S,
    }
    return jwt.encode(claims, _signing_key(settings.data_dir / "keys"), algorithm="EdDSA")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def _with_demo_keys(settings: Settings) -> Settings:
    keys = settings.data_dir / "keys"
    verify = keys / "demo-verify.pem"
    if settings.jwt_key_file not in (None, verify):
        raise StartRefused(
            "Demo tokens cannot be signed for a key that Kolapp does not have: unset KOLAPP_DEMO "
            "or KOLAPP_JWT_KEY_FILE."
        )
    signing = _signing_key(keys)
    if not verify.exists():
        replace_secret(keys, verify.name, _public_part(signing))
    return replace(
        settings,
        demo=True,
        jwt_key_file=verify,
        jwt_issuer=DEMO_ISSUER,
        jwt_audience=DEMO_AUDIENCE,
        jwt_algorithms=("EdDSA",),
    )


def _opened(settings: Settings, command: str) -> tuple[str, ...]:
    """The addresses that this command listens on."""
    web = (settings.http_host,)
    carried = settings.media.hosts or ("0.0.0.0",)  # no address named means all of them
    media = (settings.media_control.rpartition(":")[0].strip("[]"), *carried)
    return {SERVE: web + media, SIGNALLING: web, MEDIA: media}[command]


def _refuse_exposure(settings: Settings, command: str, host: str, demo: bool) -> None:
    """Others can reach `host`: are the keys to it real?"""
    if demo and not settings.lan:
        raise StartRefused(
            f"Kolapp does not listen on {host} with throw-away keys: set KOLAPP_JWT_KEY_FILE, "
            "KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE, or try it in your own network with "
            "`kolapp serve --lan`."
        )
    # Nodes of one installation share these, so a node started alone cannot make its own.
    if command != SERVE and not settings.cluster_secret:
        raise StartRefused(
            f"A {command} node does not listen on {host} without KOLAPP_CLUSTER_SECRET, the secret "
            "that all nodes share."
        )
    if command == SIGNALLING and not settings.identity_pepper:
        raise StartRefused(
            f"A signalling node does not listen on {host} without KOLAPP_IDENTITY_PEPPER, the key "
            "that all signalling nodes share."
        )
    if command == SIGNALLING and settings.seal_keys is None:
        raise StartRefused(
            f"A signalling node does not listen on {host} without KOLAPP_SEAL_KEYS, the file of "
            "keys that all signalling nodes share."
        )


def _kept_seal_keys(keys: Path) -> Path:
    """The file of seal keys, as `KeyRing.parse` reads it; a new one holds one key."""
    kept_secret(keys, SEAL_KEYS, lambda: f"{token_hex(4)}:{token_hex(32)}\n".encode())
    return keys / SEAL_KEYS


def _signing_key(keys: Path) -> bytes:
    return kept_secret(keys, "demo-signing.pem", _new_signing_key)


def _new_signing_key() -> bytes:
    # Imported here: once made, no start needs this heavy package in the supervisor.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_part(signing: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(signing, password=None)
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
