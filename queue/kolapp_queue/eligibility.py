"""Which clinician fits which ticket. Pure.

What a ticket needs is spelled as JSON with sorted names, without what it does not ask for; so equal
needs are equal texts, and Lua reads them too. A *class* is the same with the age widened to the
span it lies in: all tickets of a class ask for the same, and a queue has few of them.

Ages are told apart at `AGE_EDGES` only. A clinician's range counts for the spans that lie wholly in
it, so nobody gets a patient outside it; a range that begins between two edges loses a few years.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .model import Needs, Profile

AGE_EDGES = (1, 6, 12, 16, 18, 65)
OLDEST = 130
NO_UPPER_AGE = 99  # a range up to here or above has no upper end


@lru_cache(maxsize=1024)
def needs_text(needs: Needs) -> str:
    """ "" for a ticket that asks for nothing."""
    return _spell(_asked(needs))


@lru_cache(maxsize=1024)
def needs_of(text: str) -> Needs:
    fields = json.loads(text) if text else {}
    return Needs(**{name: _frozen(value) for name, value in fields.items()})


@lru_cache(maxsize=1024)
def class_text(needs: Needs) -> str:
    asked = _asked(needs)
    if (age := asked.pop("age", None)) is not None:
        asked["ages"] = _span(age)
    return _spell(asked)


def profile_text(profile: Profile) -> str:
    """What a profile is to the store, with the ages that count: `fits` takes it apart."""
    kept = {
        "professions": sorted(set(profile.professions)),
        "languages": sorted(set(profile.languages)),
        "skills": sorted(set(profile.skills)),
        "ages": profile.ages and _reach(*profile.ages),
        "board": profile.board,
        "unit": profile.unit,
    }
    return _spell({name: value for name, value in kept.items() if value})


def profile_of(text: str) -> Profile:
    fields = json.loads(text) if text else {}
    return Profile(**{name: _frozen(value) for name, value in fields.items()})


@lru_cache(maxsize=65_536)
def fits(needs: str, profile: str, clinician: str) -> bool:
    """Whether tickets of the class spelled `needs` are for this clinician. `lua/queue/_classes.lua`
    says the same; a test holds the two together."""
    asked: Mapping[str, Any] = json.loads(needs) if needs else {}
    has: Mapping[str, Any] = json.loads(profile) if profile else {}
    low, high = has.get("ages", (0, OLDEST))
    lowest, highest = asked.get("ages", (low, high))
    return (
        asked.get("clinician", clinician) == clinician
        and ("profession" not in asked or asked["profession"] in has.get("professions", ()))
        and ("language" not in asked or asked["language"] in has.get("languages", ()))
        and set(asked.get("skills", ())) <= set(has.get("skills", ()))
        and low <= lowest
        and highest <= high
    )


def _asked(needs: Needs) -> dict[str, Any]:
    every = {
        "profession": needs.profession,
        "language": needs.language,
        "skills": list(needs.skills),
        "clinician": needs.clinician,
    }
    asked: dict[str, Any] = {name: value for name, value in every.items() if value}
    return asked if needs.age is None else {**asked, "age": needs.age}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _spell(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")) if fields else ""


def _span(age: int) -> tuple[int, int]:
    place = bisect_right(AGE_EDGES, age)
    low = AGE_EDGES[place - 1] if place else 0
    high = AGE_EDGES[place] - 1 if place < len(AGE_EDGES) else OLDEST
    return low, high


def _reach(low: int, high: int) -> tuple[int, int]:
    return low, OLDEST if high >= NO_UPPER_AGE else high
