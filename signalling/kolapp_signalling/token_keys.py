"""The keys that tokens are checked with, from the file that the settings name."""

from __future__ import annotations

from pathlib import Path

import jwt

from .auth import TokenRules
from .grants import ClaimNames
from .key_source import Keys, KeySource, fetch, keys_of, read_file
from .process import StartRefused
from .roles import Role
from .settings import Settings


def token_rules(settings: Settings) -> TokenRules:
    """Raises StartRefused with a sentence for the operator. The keys are those of the file."""
    if settings.jwt_key_file is None and not settings.jwt_jwks_url:
        raise StartRefused("Nobody could sign in: set KOLAPP_JWT_KEY_FILE or KOLAPP_JWT_JWKS_URL.")
    if not (settings.jwt_issuer and settings.jwt_audience):
        raise StartRefused("Set KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE beside the key.")
    if not settings.identity_pepper:
        raise StartRefused("Set KOLAPP_IDENTITY_PEPPER, the key of the store's pseudonyms.")
    return TokenRules(
        keys=_read(settings.jwt_key_file) if settings.jwt_key_file else {},
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
        subject_claim=settings.jwt_subject_claim,
        level_claim=settings.jwt_level_claim,
        levels={Role(role): frozenset(names) for role, names in settings.jwt_levels},
        roles={name: Role(role) for role, names in settings.jwt_roles for name in names},
    )


def key_source(settings: Settings, rules: TokenRules) -> KeySource:
    """Where newer keys are found; an address goes before a file."""
    keys = dict(rules.keys)
    path, url = settings.jwt_key_file, settings.jwt_jwks_url
    if url:
        return KeySource(keys, lambda: fetch(url))
    assert path is not None
    return KeySource(keys, lambda: read_file(path))


def _read(path: Path) -> Keys:
    try:
        return keys_of(path.read_bytes().strip())
    except OSError as error:
        raise StartRefused(f"The key file {path} cannot be read ({error.strerror}).") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise StartRefused(f"The key file {path} holds no usable key set.") from error
