"""Who is speaking: from a signed token (JWT, RFC 7519) to an `Identity`, and nothing else.

Tokens are issued outside Kolapp. Algorithms, issuer and audience are the operator's choice and
never the token's; every refusal is the same `BadToken`, so nothing can be learnt from it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from kolapp_queue.model import NAME, ClinicianKey, PatientKey

from .grants import NOTHING, USUAL_NAMES, ClaimNames, Grants, granted
from .roles import OF_TOKENS, Role


class BadToken(Exception):
    """The token cannot be trusted, or not any more. Never says why: that is for the log's count."""


class UnknownKey(BadToken):
    """It names a key that we do not have, or not yet: issuers change theirs."""


class WeakLogin(BadToken):
    """A good token of somebody who has not signed in as strongly as the role asks for."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the token names them. `subject` may be a personal number: it goes nowhere.
    `expires_ms` is when the token is worth nothing any more, leeway included."""

    issuer: str
    subject: str
    role: Role
    provider: str
    expires_ms: int
    grants: Grants = NOTHING
    issued_ms: int = 0  # 0: the token does not say

    def patient_key(self, pepper: bytes) -> PatientKey:
        return PatientKey(self._pseudonym(pepper))

    def clinician_key(self, pepper: bytes) -> ClinicianKey:
        return ClinicianKey(self._pseudonym(pepper))

    def __repr__(self) -> str:
        return f"Identity({self.role}, {self.provider})"

    def _pseudonym(self, pepper: bytes) -> str:
        # Lengths first, so that no two pairs of issuer and subject run into the same text.
        parts = f"{len(self.issuer)}|{self.issuer}|{self.subject}"
        return hmac.new(pepper, parts.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must look like. `keys` by key id; "" is the key of tokens that name none."""

    keys: Mapping[str, Any]
    algorithms: Sequence[str]
    issuer: str
    audience: str
    provider_claim: str = "provider"
    role_claim: str = "role"
    leeway_s: int = 10
    claims: ClaimNames = USUAL_NAMES
    subject_claim: str = "sub"
    level_claim: str = "acr"
    levels: Mapping[Role, frozenset[str]] = field(default_factory=dict)  # that each role asks for
    roles: Mapping[str, Role] = field(default_factory=dict)  # what issuers call them beside ours


class Authenticator:
    def __init__(self, rules: TokenRules) -> None:
        if "none" in {name.lower() for name in rules.algorithms} or not rules.algorithms:
            raise ValueError("an unsigned token proves nothing: name the algorithms")
        self._rules = rules

    def identify(self, token: str) -> Identity:
        """Raises BadToken for whatever is not a valid token of ours."""
        try:
            claims = self._claims(token)
            role = self._role(claims[self._rules.role_claim])
            provider = claims[self._rules.provider_claim]
            subject = claims[self._rules.subject_claim]
            if not (isinstance(provider, str) and NAME.match(provider) and subject):
                raise BadToken
            expires_ms = (int(claims["exp"]) + self._rules.leeway_s) * 1000
            grants = granted(role, claims, self._rules.claims)
            self._check_level(role, claims)
            issued_ms = int(claims.get("iat", 0)) * 1000
            return Identity(
                claims["iss"], str(subject), role, provider, expires_ms, grants, issued_ms
            )
        except BadToken:
            raise
        except Exception as wrong:
            # Whatever a hostile token makes the libraries raise, it is a bad token.
            raise BadToken from wrong

    def _claims(self, token: str) -> dict[str, Any]:
        rules = self._rules
        # The key id only chooses among our keys: it is a name in a table, never a path or address.
        key_id = jwt.get_unverified_header(token).get("kid", "")
        key = rules.keys.get(key_id) or rules.keys.get("")
        if key is None:
            raise UnknownKey
        return jwt.decode(
            token,
            key,
            algorithms=list(rules.algorithms),
            audience=rules.audience,
            issuer=rules.issuer,
            leeway=rules.leeway_s,
            options={"require": ["exp", "iss", "aud", rules.subject_claim]},
        )

    def _role(self, claim: Any) -> Role:
        """Of one name or a list of them, the first that is a role here."""
        for name in claim if isinstance(claim, list) else [claim]:
            if (role := self._rules.roles.get(name)) is not None:
                return role
            if name in OF_TOKENS:
                return Role(name)
        raise BadToken

    def _check_level(self, role: Role, claims: Mapping[str, Any]) -> None:
        wanted = self._rules.levels.get(role)
        if wanted and str(claims.get(self._rules.level_claim)) not in wanted:
            raise WeakLogin
