"""What a store that is not ours still holds of what was erased: files and replicas, by server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .cluster import ClusterClient
from .errors import StoreUnavailable
from .link import Link


@dataclass(frozen=True, slots=True)
class Server:
    name: str  # its address
    append_only: bool  # it keeps an append-only file
    saved: datetime | None  # when it wrote a snapshot last; None: none since it started
    replicas: tuple[str, ...]  # their addresses

    def left(self) -> list[str]:
        """What its operator has to do, a sentence each."""
        found = []
        if self.append_only:
            found.append(f"{self.name}: its append-only file; have it rewritten (BGREWRITEAOF).")
        if self.saved is not None:
            found.append(
                f"{self.name}: its snapshot of {self.saved:%Y-%m-%d %H:%M} UTC; have a new one"
                " written (BGSAVE)."
            )
        found += (
            f"{self.name}: its replica {address}; the same for its files."
            for address in self.replicas
        )
        return found


async def servers(link: Link) -> list[Server] | None:
    """Every primary of the store; None if the store does not let us ask."""
    try:
        found: list[Server] = await link.do(_asked)
        return found
    except (ResponseError, StoreUnavailable):
        return None  # what was erased is erased: this is about what else there is


async def _asked(redis: Redis) -> list[Server]:
    nodes = await redis.nodes() if isinstance(redis, ClusterClient) else [redis]
    return [read(_name(node), await node.info("all")) for node in nodes]


def read(name: str, info: Mapping[str, Any]) -> Server:
    """From the answer to INFO."""
    saved = info.get("rdb_saves", 0) and info["rdb_last_save_time"]
    replicas = (info.get(f"slave{number}") for number in range(info.get("connected_slaves", 0)))
    return Server(
        name,
        append_only=bool(info.get("aof_enabled")),
        saved=datetime.fromtimestamp(saved, UTC) if saved else None,
        replicas=tuple(f"{one['ip']}:{one['port']}" for one in replicas if one),
    )


def _name(redis: Redis) -> str:
    where = redis.connection_pool.connection_kwargs
    return str(where["path"]) if "path" in where else f"{where['host']}:{where['port']}"
