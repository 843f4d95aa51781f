"""The roles a token can name."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    PATIENT = "patient"
    CLINICIAN = "clinician"
    OPERATOR = "operator"  # of the provider: speaks REST, takes part in no visit


# Who has a session and a part in visits.
PARTICIPANTS = (Role.PATIENT, Role.CLINICIAN)
