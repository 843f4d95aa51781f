"""The audit writer as one of a node's tasks; which node writes, they settle in the store."""

from __future__ import annotations

from kolapp_queue.audit_writer import run_audit
from kolapp_queue.settings import AuditSettings

from .settings import Settings
from .tasks import Tasks


def audit_settings(settings: Settings) -> AuditSettings:
    """`settings` are prepared: the directory is set."""
    assert settings.audit_dir is not None
    return AuditSettings(settings.audit_dir, settings.audit_years)


def keep_audit(settings: Settings, tasks: Tasks) -> None:
    """Write the audit files for as long as the node runs. While they cannot be written, it is
    tried again and logged each time; the events wait in the store."""
    if settings.audit:
        url, audit = settings.store_url, audit_settings(settings)
        tasks.keep(lambda: run_audit(url, audit, settings.queue.command_timeout_ms))
