from __future__ import annotations

import asyncio
from pathlib import Path

from audit_events import happened, steps
from kolapp_queue.embedded import EmbeddedStore
from kolapp_queue.link import Link
from kolapp_queue.model import QueueRef
from kolapp_signalling.auditing import audit_settings, keep_audit
from kolapp_signalling.development import prepare
from kolapp_signalling.setting_kinds import SIGNALLING
from kolapp_signalling.settings import Settings
from kolapp_signalling.tasks import Tasks

REF = QueueRef("clinic", "drop-in")
DEADLINE_S = 20.0


async def audited(tmp_path: Path, audit: bool) -> list[str]:
    """The steps in the files after an event, as far as a node writes them."""
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    tasks = Tasks()
    try:
        server.wait_ready(DEADLINE_S)
        plain = Settings(data_dir=tmp_path, store_url=server.url, audit=audit)
        settings = prepare(plain, SIGNALLING)
        link = Link(server.url, 2_000)
        await happened(link, REF, "join")
        await link.close()
        keep_audit(settings, tasks)
        async with asyncio.timeout(DEADLINE_S):
            while audit and not steps(audit_settings(settings), REF):  # noqa: ASYNC110 (a file)
                await asyncio.sleep(0.01)
        return steps(audit_settings(settings), REF)
    finally:
        await tasks.stop()
        server.stop()


async def test_a_node_writes_the_audit(tmp_path: Path) -> None:
    assert await audited(tmp_path, audit=True) == ["join"]


async def test_a_node_that_shall_not_write_does_not(tmp_path: Path) -> None:
    assert await audited(tmp_path, audit=False) == []
    assert not (tmp_path / "audit").exists()
