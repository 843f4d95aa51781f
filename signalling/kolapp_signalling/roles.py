"""The roles that people and servers can have."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    PATIENT = "patient"
    CLINICIAN = "clinician"
    OPERATOR = "operator"  # of the provider: speaks REST, takes part in no visit
    BACKEND = "backend"  # the provider's own server: likewise
    GUEST = "guest"  # of one visit, by a pass of ours


# What a token can name; nobody is a guest by a token of somebody else's.
OF_TOKENS = (Role.PATIENT, Role.CLINICIAN, Role.OPERATOR, Role.BACKEND)
# Who has a session and a part in visits.
PARTICIPANTS = (Role.PATIENT, Role.CLINICIAN, Role.GUEST)
