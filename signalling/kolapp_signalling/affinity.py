"""Which media node a queue's visits go to: its preferred one while there is room, else the next.

Weighted rendezvous hashing: every signalling node finds the same order without asking anybody, a
node gets queues in proportion to its capacity, and one that comes or goes moves only its own.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from kolapp_queue.model import NodeRecord, QueueRef

_DRAWS = 1 << 64


def preferred(ref: QueueRef, nodes: Iterable[NodeRecord]) -> list[str]:
    """All these nodes' names, the one that the queue prefers first."""
    return [node.id for node in sorted(nodes, key=lambda node: _distance(ref, node))]


def _distance(ref: QueueRef, node: NodeRecord) -> tuple[float, str]:
    """Smallest for the preferred node: an exponential draw, at a rate of its capacity."""
    seed = f"{ref.provider}/{ref.queue}/{node.id}".encode()
    draw = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest(), "big")
    return -math.log((draw + 0.5) / _DRAWS) / max(node.capacity, 1), node.id
