"""`kolapp audit export|verify|pseudonym`: each returns what to print, or raises StartRefused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from kolapp_queue.audit_chain import Broken
from kolapp_queue.audit_export import export, verify
from kolapp_queue.model import PatientKey

from .auditing import audit_settings
from .auth import Identity
from .process import StartRefused
from .roles import Role
from .settings import Settings


def exported(settings: Settings, provider: str, first: date, last: date) -> Iterator[bytes]:
    """The events of these UTC days, one JSON object a line."""
    directory = _there(audit_settings(settings).directory)
    try:
        yield from export(directory, provider, first, last)
    except Broken as error:
        raise StartRefused(f"The audit files are not whole: {error}.") from error


def verified(directory: Path, expected: str) -> str:
    """One sentence a provider; the last hash is for noting down."""
    try:
        found = verify(_there(directory), expected)
    except Broken as error:
        raise StartRefused(f"The audit files are not whole: {error}.") from error
    lines = [
        f"{one.provider}: {one.lines} lines in {one.files} files are whole; last hash {one.last}"
        for one in found
    ]
    return "\n".join(lines or ["There are no audit files yet."])


def pseudonym(settings: Settings, issuer: str, subject: str) -> PatientKey:
    """The name by which store and audit know this person: see `Identity`."""
    return Identity(issuer, subject, Role.PATIENT, "", 0).patient_key(settings.identity_pepper)


def _there(directory: Path) -> Path:
    if not directory.is_dir():
        raise StartRefused(f"{directory} is no directory of audit files.")
    return directory
