"""What a token grants beside an identity: a patient's priority, a clinician's profile. Pure.

Whoever issued the token answers for it; nobody can give themselves any of this. A claim that is
not what it should be makes the whole token a bad one: half a profile would pull wrong patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kolapp_queue.model import NAME, Profile

from .guest_pass import GuestPass
from .roles import Role

MOST_NAMES = 64  # professions, languages, skills of one clinician, each
_OLDEST = 130
_UNIT_LENGTH = 80


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Which claim of the token says what; see the settings `jwt_..._claim`."""

    priority: str = "priority"
    professions: str = "professions"
    languages: str = "languages"
    skills: str = "skills"
    ages: str = "ages"
    board: str = "board"
    unit: str = "unit"


USUAL_NAMES = ClaimNames()
NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Grants:
    band: str = ""  # priority band of a patient's tickets; "" is everybody's
    profile: Profile = NO_PROFILE  # of a clinician; of staff and backend the unit alone
    guest: GuestPass | None = None  # which seat of which visit


NOTHING = Grants()


def granted(role: Role, claims: Mapping[str, Any], names: ClaimNames) -> Grants:
    """Raises ValueError for a claim that is not what it should be."""
    if role == Role.PATIENT:
        return Grants(band=_name(claims.get(names.priority, "")))
    unit = _unit(claims.get(names.unit, ""))
    if role in (Role.OPERATOR, Role.BACKEND):
        return Grants(profile=Profile(unit=unit))
    return Grants(
        profile=Profile(
            professions=_names(claims.get(names.professions, ())),
            languages=_names(claims.get(names.languages, ())),
            skills=_names(claims.get(names.skills, ())),
            ages=_ages(claims.get(names.ages)),
            board=_yes(claims.get(names.board, False)),
            unit=unit,
        )
    )


def _name(value: Any) -> str:
    if not isinstance(value, str) or (value and not NAME.match(value)):
        raise ValueError("a name is expected")
    return value


def _names(value: Any) -> tuple[str, ...]:
    """One name or a list of them."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or len(found) > MOST_NAMES:
        raise ValueError("a list of names is expected")
    return tuple(sorted({_name(name) for name in found} - {""}))


def _ages(value: Any) -> tuple[int, int] | None:
    """Two years, both included."""
    if value is None:
        return None
    low, high = value
    if not (type(low) is type(high) is int and 0 <= low <= high <= _OLDEST):
        raise ValueError("two ages are expected")
    return low, high


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is expected")
    return value


def _unit(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _UNIT_LENGTH or not value.isprintable():
        raise ValueError("a line of text is expected")
    return value
