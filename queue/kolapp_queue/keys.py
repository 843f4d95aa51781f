"""Every key and channel of the store, in one place.

All keys of a queue share the hash tag `{provider/queue}` and a clinician's record has its own,
`{provider/clinician/<key>}` (no queue can be called so: its name has no slash). A script
therefore touches one slot only, and a step that concerns both is two scripts.

Tickets and visits are fields of the queue's hashes, not keys of their own: a pull finds out
which ticket it takes inside the script, and a script may only touch keys it was given.
"""

from __future__ import annotations

from functools import lru_cache

from .model import NAME, ClinicianKey, PatientKey, QueueRef

SCHEMA = 1
PREFIX = f"kolapp:{SCHEMA}:"

# The order is the scripts' `KEYS[1..22]`; `lua/queue/_keys.lua` says what each one holds.
QUEUE_KEYS = (
    "meta",
    "tickets",
    "visits",
    "patients",
    "present",
    "away",
    "rings",
    "grace",
    "duty",
    "live",
    "fences",
    "ended",
    "events",
    "intake",
    "classes",
    "profiles",
    "holders",
    "causes",
    "moving",
    "shared",
    "linked",
    "chat",
)

QUEUES = f"{PREFIX}queues"  # set of "provider/queue": every queue ever used; names only
NODES = f"{PREFIX}{{nodes}}:ids"  # set of node ids; each has a key of its own with a lease
POLICIES = f"{PREFIX}{{policies}}:newest"  # hash: version, set (packed); see `policy_book`
POLICIES_SEEN = f"{PREFIX}{{policies}}:seen"  # list of digests of published sets, newest first

# Sorted set: numbers of the signalling nodes by the ends of their leases; see `presence`.
LEASES = f"{PREFIX}{{nodes}}:leases"

AUDIT = f"{PREFIX}{{audit}}:writer"  # hash: who writes the audit files, and how far they are
WEBHOOK = f"{PREFIX}{{webhook}}:sender"  # the same of who tells the providers' backend


def queue_key(ref: QueueRef, name: str) -> str:
    return f"{PREFIX}{{{ref.provider}/{ref.queue}}}:{name}"


@lru_cache(maxsize=1024)
def queue_keys(ref: QueueRef) -> tuple[str, ...]:
    """All keys of one queue, in the order of `QUEUE_KEYS`. Every queue script declares them all:
    one list that cannot be short is worth the few bytes."""
    root = f"{PREFIX}{{{ref.provider}/{ref.queue}}}:"
    return tuple(root + name for name in QUEUE_KEYS)


def hints(ref: QueueRef) -> str:
    """The channel of a queue's hints. It has the name of the key that holds the version it
    announces, so that scripts need no further argument; channels are not keys."""
    return queue_key(ref, "meta")


@lru_cache(maxsize=4096)
def clinician(provider: str, key: ClinicianKey) -> str:
    return f"{PREFIX}{{{checked(provider)}/clinician/{checked(key)}}}:record"


def patient(provider: str, key: PatientKey) -> str:
    """Of one who may wait in several queues: a clinician's record, but of the other side."""
    return f"{PREFIX}{{{checked(provider)}/patient/{checked(key)}}}:record"


def node(node_id: str) -> str:
    return f"{PREFIX}{{nodes}}:node:{checked(node_id)}"


def forecast(ref: QueueRef) -> str:
    """Hash of a queue's waiting times; see `forecast_lease`. Not among `QUEUE_KEYS`: it is large,
    and whoever moves tickets need not know of it."""
    return queue_key(ref, "forecast")


def registry_member(ref: QueueRef) -> str:
    return f"{ref.provider}/{ref.queue}"


def checked(name: str) -> str:
    """`name`, if it may be part of a key: braces would move the hash tag."""
    if not NAME.match(name):
        raise ValueError("a name in a key must match [A-Za-z0-9_-]{1,64}")
    return name
