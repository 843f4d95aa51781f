"""The promises of a queue's line as they live: everybody's is kept while they wait, whichever node
computes, and moves later for a cause that came up in the store or for a wrong forecast alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model import Risen
from ..places import shares
from ..states import Rise
from .announce import CAUSES, Line, Promises, announced, classes_in
from .facts import Facts
from .published import Curve, Published, keep
from .recorded import history_s

_NONE = Promises(np.empty(0), np.empty(0), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in a line, in order, a column each."""

    numbers: Any
    orders_s: Any  # order key, in seconds of the history
    cls: Any


class Promising:
    """Seconds are those of the store's clock, since 1970, or of a rehearsed day's (`speed`)."""

    def __init__(self, before: Published | None, speed: int = 1) -> None:
        self._speed = speed
        self._numbers: Any = np.empty(0, np.int64)
        self._kept = _NONE
        # Causes up to this version have been looked at.
        self._causes_to = 0 if before is None else before.causes_to
        if before is not None:
            self._take_over(before)

    def publish(self, facts: Facts, people: People, curves: tuple[Curve, ...]) -> Published:
        now_s = facts.now_ms / 1000
        old = self._of(people.numbers)
        line = _line(people, curves, self._causes(facts, people))
        served = _are_served(facts.masks, people.cls)
        # Behind all: somebody who asks for nothing and joins now.
        given = announced(_and_newcomer(line, curves[0], facts.anybody), _and_none(old), now_s)
        until_s = np.where(served, given.until_s[:-1], old.until_s)
        self._keep(people.numbers, Promises(until_s, given.told_s[:-1], given.cause[:-1]))
        self._causes_to = facts.version
        next_until_ms = int(given.until_s[-1] * 1000)
        return self._published(facts, "", curves, next_until_ms)

    def unknown(self, facts: Facts, people: People, why: str) -> Published:
        """Nothing can be said now. What was promised is kept for when it can, and so is why it may
        not hold: causes are not looked at meanwhile."""
        self._keep(people.numbers, self._of(people.numbers))
        return self._published(facts, why, (), 0)

    def _published(
        self, facts: Facts, why: str, curves: tuple[Curve, ...], next_until_ms: int
    ) -> Published:
        kept = keep(self._numbers, self._kept.until_s, self._kept.told_s, self._kept.cause)
        return Published(
            at_ms=facts.now_ms,
            version=facts.version,
            causes_to=self._causes_to,
            why=why,
            curves=curves,
            next_until_ms=next_until_ms,
            kept=kept,
            causes=CAUSES,
            expected=facts.expected(),
            speed=self._speed,
        )

    def _take_over(self, before: Published) -> None:
        promises = list(before.promises())
        known = {name: number for number, name in enumerate(CAUSES)}
        columns = [(until_ms / 1000, told_s, known.get(cause, 0))
                   for _, (until_ms, told_s, cause) in promises]  # fmt: skip
        until_s, told_s, cause = np.array(columns, dtype=float).reshape(-1, 3).T
        numbers = np.array([number for number, _ in promises], dtype=np.int64)
        self._keep(numbers, Promises(until_s, told_s, cause.astype(np.int64)))

    def _keep(self, numbers: Any, promises: Promises) -> None:
        """Sorted by number, to be found again; those that were promised nothing are left out."""
        some = np.flatnonzero(~np.isnan(promises.until_s))
        some = some[np.argsort(numbers[some], kind="stable")]  # fast for what is nearly sorted
        self._numbers = numbers[some]
        self._kept = Promises(promises.until_s[some], promises.told_s[some], promises.cause[some])

    def _of(self, numbers: Any) -> Promises:
        """Theirs, in their order."""
        nothing = np.full(len(numbers), np.nan)
        if not len(self._numbers):
            return Promises(nothing, np.zeros(len(numbers)), np.zeros(len(numbers), np.int64))
        place = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        found = self._numbers[place] == numbers
        return Promises(
            np.where(found, self._kept.until_s[place], np.nan),
            np.where(found, self._kept.told_s[place], 0.0),
            np.where(found, self._kept.cause[place], 0),
        )

    def _causes(self, facts: Facts, people: People) -> Any:
        """Of each, the newest that put them back since the last look; as numbers of CAUSES."""
        found = np.zeros(len(people.numbers), np.int64)
        since = min(self._causes_to, facts.version)  # a store that lost writes has an older one
        if since < facts.causes_since and facts.causes:
            found[:] = CAUSES.index(facts.causes[-1].rise.value)  # as of places, see `why_risen`
        for cause in facts.causes:
            if cause.version > since:
                found[_put_back(cause, facts.masks, people)] = CAUSES.index(cause.rise.value)
        return found


def _put_back(cause: Risen, masks: Mapping[int, int], people: People) -> Any:
    """Which of them a cause may have put back, or made wait longer."""
    if cause.cls < 0:
        # Who comes takes nobody's place where all are for everybody: that is no cause to wait.
        alike = len(set(masks.values())) < 2
        return np.full(len(people.numbers), not (cause.rise == Rise.CLINICIAN_CAME and alike))
    order_s = history_s(cause.order_key)
    earlier = (order_s < people.orders_s) | (
        (order_s == people.orders_s) & (cause.number < people.numbers)
    )
    sharing = [int(cls) for cls in classes_in(people.cls) if shares(masks, cause.cls, int(cls))]
    return earlier & np.isin(people.cls, sharing)


def _are_served(masks: Mapping[int, int], cls: Any) -> Any:
    """Whether a clinician on duty fits the class of each."""
    nobodys = [int(one) for one in classes_in(cls) if masks and not masks.get(int(one), 0)]
    return ~np.isin(cls, nobodys)


def _line(people: People, curves: tuple[Curve, ...], cause: Any) -> Line:
    places = np.arange(1, len(people.numbers) + 1)

    def column(name: str) -> Any:
        found = curves[0].at(places, name)
        for curve in curves[1:]:
            mine = people.cls == curve.cls
            found[mine] = curve.at(places[mine], name)
        return found

    return Line(people.cls, column("q10"), column("q50"), column("q90"), cause)


def _and_newcomer(line: Line, curve: Curve, anybody: int) -> Line:
    last = [curve.at(curve.places[-1], name) for name in ("q10", "q50", "q90")]
    q10, q50, q90 = (
        np.append(column, one)
        for column, one in zip((line.q10, line.q50, line.q90), last, strict=True)
    )
    return Line(np.append(line.cls, anybody), q10, q50, q90, np.append(line.cause, 0))


def _and_none(old: Promises) -> Promises:
    return Promises(np.append(old.until_s, np.nan), np.append(old.told_s, 0.0),
                    np.append(old.cause, 0))  # fmt: skip
