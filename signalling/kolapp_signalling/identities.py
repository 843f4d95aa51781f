"""Who somebody is to this node: from a token, with the issuer's newest keys, to the person."""

from __future__ import annotations

from dataclasses import dataclass

from .auth import Authenticator, BadToken, Identity, UnknownKey
from .key_source import KeySource
from .revocations import Revocations
from .session import Person


@dataclass(frozen=True, slots=True)
class Identities:
    authenticator: Authenticator
    pepper: bytes
    source: KeySource
    revocations: Revocations

    async def identify(self, token: str) -> Identity:
        """Raises BadToken. Waits for the issuer only when the token names a key that is new."""
        identity = await self._identified(token)
        if self.revocations.refuses(identity.patient_key(self.pepper), identity.issued_ms):
            raise BadToken
        return identity

    async def _identified(self, token: str) -> Identity:
        try:
            return self.authenticator.identify(token)
        except UnknownKey:
            if not await self.source.look_again():
                raise BadToken from None
        return self.authenticator.identify(token)

    def person(self, identity: Identity) -> Person:
        # Patients and clinicians of one subject have different pseudonyms in the store's types
        # only; the role keeps their sessions apart here.
        return Person(identity.provider, identity.role, identity.patient_key(self.pepper))
