"""The policies a node goes by, and how they change without a restart.

The newest checked set is one record in the store, with a version. `kolapp queues reload` writes
it; nodes compare the version once in a while and read it. A file that has a fault is never
written, so it never replaces a good one.

A node that starts with a file offers it: it is published unless this very set was published
before. So an edited file takes effect with a restart too, and a node that comes back with an old
file does not take everybody back.
"""

from __future__ import annotations

import hashlib

import msgspec

from . import admission
from .bulletin import Bulletin
from .model import QueueRef
from .operator_verbs import OperatorVerbs, Published
from .policy import PolicySet, QueuePolicy


class UnreadablePolicies(Exception):
    """The newest set in the store is of a version of Kolapp that this one cannot read."""


def pack(policies: PolicySet) -> bytes:
    """Everything spelled out, defaults too: what was checked is what all nodes go by."""
    return msgspec.msgpack.encode(policies)


def unpack(packed: bytes) -> PolicySet:
    """Ignores what a newer version has added. Raises UnreadablePolicies."""
    try:
        return msgspec.msgpack.decode(packed, type=PolicySet)
    except msgspec.MsgspecError as error:
        raise UnreadablePolicies(str(error)) from error


def digest(policies: PolicySet) -> str:
    return hashlib.sha256(pack(policies)).hexdigest()


class PolicyBook:
    """Policies by queue. `version` is 0 while they are the node's own and not the store's."""

    def __init__(self, own: PolicySet) -> None:
        self.policies = own
        self.version = 0
        self._unread = False  # the set of that version cannot be read; `policies` are older

    @classmethod
    async def open(cls, store: OperatorVerbs, own: PolicySet, offer: bool) -> PolicyBook:
        """The store's policies, else `own`. With `offer`, `own` is a file's and published if it
        is new. Raises StoreUnavailable, UnreadablePolicies."""
        book = cls(own)
        if offer and not await store.was_published(digest(own)):
            await publish(store, own)
        await book.refresh(store)
        return book

    async def refresh(self, store: OperatorVerbs) -> bool:
        """Take over a newer set, if there is one; True if it did. Raises StoreUnavailable, and
        UnreadablePolicies once for each set: the node then goes on with what it has."""
        # Not only a higher version: a store that lost its writes has an older one.
        if await store.policies_version() == self.version:
            return False
        newest = await store.policies()
        if newest is None:
            return False
        self.version, self._unread = newest.version, True
        before, self.policies = self.policies, unpack(newest.packed)
        self._unread = False
        return before != self.policies

    def ends_ms(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> int | None:
        """See `admission.ends_ms`; None too for a queue that is configured no more, and while the
        newest set cannot be read: nobody is sent away by what may hold no more."""
        policy = None if self._unread else self.find(ref)
        return None if policy is None else admission.ends_ms(policy, bulletin, now_ms)

    def is_closed(self, ref: QueueRef, bulletin: Bulletin, now_ms: int) -> bool:
        """Also a queue that is configured no more."""
        policy, facts = self.find(ref), admission.Facts(bulletin=bulletin)
        if policy is None:
            return True
        return isinstance(admission.state(policy, facts, now_ms), admission.Closed)

    def find(self, ref: QueueRef) -> QueuePolicy | None:
        """The policy of a queue; None if there is no such queue (any more)."""
        return self.policies.find(ref)

    def of(self, provider: str) -> list[QueuePolicy]:
        return self.policies.of(provider)


async def publish(store: OperatorVerbs, policies: PolicySet) -> int:
    """Make this the set that all nodes go by; returns its version."""
    return await store.publish_policies(pack(policies), digest(policies))


async def published(store: OperatorVerbs) -> PolicySet | None:
    """The set that all nodes go by; None if none was ever published."""
    newest: Published | None = await store.policies()
    return None if newest is None else unpack(newest.packed)
