"""The seats of a visit, and whom each of them sees where. Pure.

The order is constant, so that people who come and go move nobody to another place.
"""

from __future__ import annotations

from .roles import Role

SEATS = (Role.PATIENT.value, Role.CLINICIAN.value, "guest1", "guest2")


def slots_of(seat: str, slots: int) -> list[str]:
    """Whom this participant is sent, by receiving slot: the others in the order of the seats."""
    return [other for other in SEATS if other != seat][:slots]
