"""Who somebody is to this node: from a token, with the issuer's newest keys, to the person."""

from __future__ import annotations

from dataclasses import dataclass

from .auth import Authenticator, BadToken, Identity, UnknownKey
from .key_source import KeySource
from .session import Person


@dataclass(frozen=True, slots=True)
class Identities:
    authenticator: Authenticator
    pepper: bytes
    source: KeySource

    async def identify(self, token: str) -> Identity:
        """Raises BadToken. Waits for the issuer only when the token names a key that is new."""
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
