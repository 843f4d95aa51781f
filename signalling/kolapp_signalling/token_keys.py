"""The keys that tokens are checked with, from the file that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt

from .auth import TokenRules
from .grants import ClaimNames
from .process import StartRefused
from .settings import Settings


def token_rules(settings: Settings) -> TokenRules:
    """Raises StartRefused with a sentence for the operator."""
    if settings.jwt_key_file is None:
        raise StartRefused("Nobody could sign in: set KOLAPP_JWT_KEY_FILE.")
    if not (settings.jwt_issuer and settings.jwt_audience):
        raise StartRefused("Set KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE beside the key.")
    if not settings.identity_pepper:
        raise StartRefused("Set KOLAPP_IDENTITY_PEPPER, the key of the store's pseudonyms.")
    return TokenRules(
        keys=_read(settings.jwt_key_file),
        algorithms=settings.jwt_algorithms,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        provider_claim=settings.jwt_provider_claim,
        role_claim=settings.jwt_role_claim,
        leeway_s=settings.jwt_leeway_s,
        claims=ClaimNames(
            settings.jwt_priority_claim,
            settings.jwt_professions_claim,
            settings.jwt_languages_claim,
            settings.jwt_skills_claim,
            settings.jwt_ages_claim,
            settings.jwt_board_claim,
            settings.jwt_unit_claim,
        ),
    )


def _read(path: Path) -> dict[str, Any]:
    """A JWKS holds several keys by id; a PEM or a raw secret is the one key."""
    try:
        content = path.read_bytes().strip()
        if not content.startswith(b"{"):
            return {"": content}
        keys = jwt.PyJWKSet.from_json(content.decode()).keys
        return {key.key_id or "": key.key for key in keys}
    except OSError as error:
        raise StartRefused(f"The key file {path} cannot be read ({error.strerror}).") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise StartRefused(f"The key file {path} holds no usable key set.") from error
