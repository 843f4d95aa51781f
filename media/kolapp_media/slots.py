"""Whom each participant of a visit is sent, and in which of their sections. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import BadRequest


def check_slots(participant: str, slots: Sequence[str], most: int) -> None:
    """`most` names can be named: more than an offer may have sections make no sense. Whether a
    visit may have so many is not asked here. Raises `BadRequest`."""
    if len(slots) > most or len(set(slots)) != len(slots) or participant in slots:
        raise BadRequest("slots name each other participant of a visit at most once")


def in_slots(seated: Mapping[str, Sequence[str]]) -> dict[str, list[str | None]]:
    """Who is in which slot of whom, of those who are there.

    `seated`: those who are there, in the order in which they came, with the slots they asked for.
    Who asked for none is sent one of the others, in the first slot: who came first.
    """
    return {
        name: [each if each in seated else None for each in slots]
        if slots
        else [next((each for each in seated if each != name), None)]
        for name, slots in seated.items()
    }
