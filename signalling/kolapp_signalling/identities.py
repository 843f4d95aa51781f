"""Who somebody is to this node: from a token, with the issuer's newest keys, or from a guest's pass
of our own, to the person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kolapp_queue.sealing import KeyRing, SealError

from .auth import Authenticator, BadToken, Identity, UnknownKey
from .grants import Grants
from .guest_pass import PREFIX, open_pass
from .key_source import KeySource
from .revocations import Revocations
from .roles import Role
from .session import Person


@dataclass(frozen=True, slots=True)
class Identities:
    authenticator: Authenticator
    pepper: bytes
    source: KeySource
    revocations: Revocations
    ring: Callable[[], KeyRing]  # anew each time: keys may be rotated

    async def identify(self, token: str) -> Identity:
        """Raises BadToken. Waits for the issuer only when the token names a key that is new."""
        if token.startswith(PREFIX):
            return self._guest(token)
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

    def _guest(self, token: str) -> Identity:
        """Whether they are in the visit still is for the store to say."""
        try:
            found = open_pass(token, self.ring())
        except SealError:
            raise BadToken from None
        if found.expires_ms <= time.time_ns() // 1_000_000:
            raise BadToken
        who, ends_ms = (found.guest, Role.GUEST, found.provider), found.expires_ms
        return Identity("", *who, ends_ms, Grants(guest=found))

    def person(self, identity: Identity) -> Person:
        if identity.role == Role.GUEST:
            return Person(identity.provider, identity.role, identity.subject)
        # Patients and clinicians of one subject have different pseudonyms in the store's types
        # only; the role keeps their sessions apart here.
        return Person(identity.provider, identity.role, identity.patient_key(self.pepper))
