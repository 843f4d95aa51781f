"""What is configured of one queue, and of all of them. Pure.

Each key of the queues' file is one field here, declared once: default, what may be written, one
sentence. docs/queues.md is made from this file; `policy_file.py` reads the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from .hours import AROUND_THE_CLOCK, OpeningHours
from .model import QueueRef
from .policy_kinds import (
    AGES,
    FLAG,
    NAMES,
    ZONE,
    Kind,
    duration,
    one_of,
    or_word,
    text,
    whole,
)
from .policy_tables import BANDS, SPECIAL, TITLES, WEEK, Bands, Special, Titles, Week
from .settings import BRIDGE, DIRECT, QueueSettings

T = TypeVar("T")

EVERY_PROVIDER = "*"  # the queue of this name of each provider that has none of its own
UNTIL_EMPTY = "until_empty"
ALLOW, TELL, REFUSE = "allow", "tell", "refuse"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file. `field` is the policy's field it fills."""

    name: str
    field: str
    kind: Kind[Any]
    text: str
    default: Any


def key(default: T, name: str, kind: Kind[T], text: str) -> T:
    """A dataclass field that carries its declaration."""
    declared: T = field(default=default, metadata={"key": (name, kind, text)})
    return declared


@dataclass(frozen=True)
class QueuePolicy:
    """One queue. Durations end in `_ms`; those that `QueueSettings` also has bear its names."""

    provider: str  # matches `NAME`, or is `EVERY_PROVIDER`
    name: str  # matches `NAME`

    titles: Titles = key((), "title", TITLES, "What people read; without it the name.")
    unit: str = key("", "unit", text(0, 80), "The care unit, as it stands in the audit log.")

    timezone: str = key("UTC", "timezone", ZONE, "Whose clock the hours below are read on.")
    week: Week = key(AROUND_THE_CLOCK.week, "hours", WEEK, "When a number can be drawn.")
    special: Special = key((), "special", SPECIAL, "Dates with hours of their own.")
    last_join_ms: int = key(
        0, "last_join", duration("0 s", "12 h"), "No new number so long before closing time."
    )
    drain_ms: int | None = key(
        None,
        "drain",
        or_word(UNTIL_EMPTY, duration("0 s", "24 h")),
        "How long after closing time those who wait are still served.",
    )
    past_closing: str = key(
        TELL,
        "past_closing",
        one_of(ALLOW, TELL, REFUSE),
        "Who would wait past closing time may join, is told before joining, or may not join.",
    )
    capacity: int = key(
        100_000, "capacity", whole(1, 1_000_000), "So many may wait; who comes then is told so."
    )

    ready_from: int = key(
        5, "ready_from", whole(0, 1_000), "Patients up to this place may get ready for the call."
    )
    ring_ms: int = key(45_000, "ring", duration("5 s", "10 min"), "How long a call rings.")
    missed_calls: int = key(
        1, "missed_calls", whole(0, 100), "Calls a patient may miss and keep the place."
    )
    away_grace_ms: int = key(
        300_000, "away_grace", duration("0 s", "2 h"), "How long an absent patient keeps the place."
    )
    undo_ms: int = key(
        10_000, "undo", duration("0 s", "5 min"), "A pull can be undone within this."
    )
    wrap_up_ms: int = key(
        0, "wrap_up", duration("0 s", "1 h"), "A clinician's pause after each visit, for notes."
    )
    visit_grace_ms: int = key(
        120_000,
        "visit_grace",
        duration("0 s", "1 h"),
        "A visit stays open so long for a clinician who vanished from it.",
    )
    take_over: bool = key(
        True, "take_over", FLAG, "After that a colleague may take the visit over; else it ends."
    )

    mode: str = key(
        BRIDGE,
        "mode",
        one_of(BRIDGE, DIRECT),
        "Sound and picture over the media nodes, or between the two people directly.",
    )
    direct_relay_only: bool = key(
        False,
        "direct_relay_only",
        FLAG,
        "In direct mode, over TURN servers alone: neither learns the other's address.",
    )
    encrypted: bool = key(
        False, "encrypted", FLAG, "Are calls encrypted end to end, so that no server can listen?"
    )

    guests: int = key(2, "guests", whole(0, 2), "So many guests may be in a visit at a time.")

    bands: Bands = key(
        (("urgent", 1_800_000),),
        "bands",
        BANDS,
        "Priorities: each counts as having come so much earlier.",
    )
    professions: tuple[str, ...] = key(
        (), "professions", NAMES, "Professions that a patient may ask for."
    )
    languages: tuple[str, ...] = key(
        (), "languages", NAMES, "Languages that a patient may ask for."
    )
    skills: tuple[str, ...] = key((), "skills", NAMES, "Skills that a patient may need.")
    ages: tuple[int, int] | None = key(
        None, "ages", AGES, "Ages of the patients; with it, who joins must tell the age."
    )
    named_clinician: bool = key(
        False, "named_clinician", FLAG, "May a patient ask for one clinician, as for a revisit?"
    )

    retention_ms: int = key(
        86_400_000,
        "retention",
        duration("1 min", "31 d"),
        "How long an ended ticket or visit can still be read.",
    )
    visit_prior_ms: int = key(
        720_000,
        "visit_prior",
        duration("10 s", "12 h"),
        "Mean length of a visit before the queue has its own figures.",
    )
    rehearsal: int = key(
        1,
        "rehearsal",
        whole(1, 1_000),
        "Only for a played day: so many times faster than the clock. Waiting times are its own.",
    )

    @property
    def title(self) -> str:
        """In no language in particular."""
        return self.title_in("")

    def title_in(self, language: str) -> str:
        """In this language, else in the first there is."""
        titles = dict(self.titles)
        return titles.get(language) or next(iter(titles.values()), self.name)

    @cached_property
    def hours(self) -> OpeningHours:
        return OpeningHours(self.week, self.special)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def zone_ahead_s(self, ms: int) -> float:
        """By how much the queue's clocks are ahead of UTC at a moment."""
        offset = datetime.fromtimestamp(ms / 1000, self.zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def credit_ms(self, band: str) -> int | None:
        """How much earlier a ticket of this band counts; "" is everybody's; None: no such band."""
        return dict(self.bands).get(band) if band else 0


KEYS = tuple(
    Key(name, item.name, kind, text, item.default)
    for item in fields(QueuePolicy)
    if "key" in item.metadata
    for name, kind, text in [item.metadata["key"]]
)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All queues of an installation, in the order of the file."""

    queues: tuple[QueuePolicy, ...]

    def find(self, ref: QueueRef) -> QueuePolicy | None:
        return next((queue for queue in self.of(ref.provider) if queue.name == ref.queue), None)

    def of(self, provider: str) -> list[QueuePolicy]:
        """The queues of a provider: its own, then those of every provider."""
        own = [queue for queue in self.queues if queue.provider == provider]
        named = {queue.name for queue in own}
        common = (queue for queue in self.queues if queue.provider == EVERY_PROVIDER)
        return own + [queue for queue in common if queue.name not in named]


def development_set(titles: Mapping[str, str], settings: QueueSettings) -> PolicySet:
    """Queues by name and title, for every provider, open around the clock, as the settings say."""
    both = {item.name for item in fields(QueuePolicy)} & {item.name for item in fields(settings)}
    said = {name: getattr(settings, name) for name in both}
    return PolicySet(
        tuple(
            QueuePolicy(EVERY_PROVIDER, name, titles=(("", title),), **said)
            for name, title in titles.items()
        )
    )
