"""The store is frozen for ten seconds, or a node is cut off from it for twenty: "your turn" is told
within a second of its return."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from outages import Cut, Frozen, told_after, two_nodes
from store_servers import embedded_store
from tcp_proxy import tcp_proxy

FROZEN_S, CUT_S = 10.0, 20.0
LATE_S = 1.0


def told(late_s: float) -> None:
    sys.stderr.write(f'"your turn" {late_s * 1000:.0f} ms after the return of the store\n')
    assert late_s < LATE_S


async def test_fault_5_frozen_for_ten_seconds(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "store") as store:
        async with two_nodes(store.url, store.url, tmp_path / "data") as (here, there, crowd):
            told(await told_after(Frozen(store.pid), FROZEN_S, here, there, crowd))


@pytest.mark.parametrize("lost", [False, True], ids=["late", "lost"])
async def test_fault_7_a_node_cut_off_for_twenty_seconds(tmp_path: Path, lost: bool) -> None:
    """Its people stay with it, or come back to it; its lease has ended, and it begins anew."""
    with embedded_store(tmp_path / "store") as store:
        async with (
            tcp_proxy(store.url) as proxy,
            two_nodes(proxy.url, store.url, tmp_path / "data") as (here, there, crowd),
        ):
            told(await told_after(Cut(proxy, lost), CUT_S, here, there, crowd))
