"""How one setting is declared, read from text and written back as text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
_OF_TOKENS = ("patient", "clinician", "operator", "backend")  # as in `roles.py`
ByRole = tuple[tuple[str, tuple[str, ...]], ...]  # what is said of each role
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SERVE, SIGNALLING, MEDIA = "serve", "signalling", "media"
WEB = (SERVE, SIGNALLING)
CARRIES_MEDIA = (SERVE, MEDIA)
EVERYWHERE = (SERVE, SIGNALLING, MEDIA)


@dataclass
class SettingsError(Exception):
    """A setting that cannot be used. `name` is as the operator wrote it: variable or flag."""

    name: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.name} is {self.value!r}; it must be {self.allowed}."


class QueueTitle(NamedTuple):
    """One queue of this server: its name on the wire and what people read."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """`allowed` completes "it must be ..."; `parse` raises ValueError on anything else."""

    allowed: str
    parse: Callable[[str], T]
    show: Callable[[T], str]
    secret: bool = False  # never on a command line, never in a message


@dataclass(frozen=True, slots=True)
class Declared:
    """What is said of one setting, beside its name, type and default."""

    kind: Kind[Any]
    text: str  # one sentence for the table of settings
    flag: str = ""
    on: tuple[str, ...] = EVERYWHERE  # the commands that take the flag


def setting(
    default: T, kind: Kind[T], text: str, flag: str = "", on: tuple[str, ...] = EVERYWHERE
) -> T:
    """A dataclass field that carries its declaration."""
    declared = Declared(kind, text, flag, on)
    return field(default=default, repr=not kind.secret, metadata={"declared": declared})


def whole(low: int, high: int) -> Kind[int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", parse, str)


def milliseconds(low: int = 1, high: int = 86_400_000) -> Kind[int]:
    kind = whole(low, high)
    return Kind(f"milliseconds, {kind.allowed}", kind.parse, str)


def seconds(low: float, high: float) -> Kind[float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:  # also refuses nan
            raise ValueError
        return value

    return Kind(f"seconds, from {low:g} to {high:g}", parse, lambda value: f"{value:g}")


def one_of(*words: str) -> Kind[str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Kind("one of " + ", ".join(words), parse, str)


def matching(pattern: str, allowed: str) -> Kind[str]:
    """Text that matches the whole pattern; empty text always means "not set"."""

    def parse(text: str) -> str:
        if text and not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Kind(allowed, parse, str)


def words(pattern: str, allowed: str) -> Kind[tuple[str, ...]]:
    """A list separated by commas; every item matches the whole pattern."""

    def parse(text: str) -> tuple[str, ...]:
        items = tuple(item.strip() for item in text.split(",") if item.strip())
        if not all(re.fullmatch(pattern, item) for item in items):
            raise ValueError
        return items

    return Kind(f"{allowed}, separated by commas", parse, ",".join)


def _parse_yes(text: str) -> bool:
    answers = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
    if text.lower() not in answers:
        raise ValueError
    return answers[text.lower()]


def _parse_queues(text: str) -> tuple[QueueTitle, ...]:
    found = []
    for item in filter(None, (part.strip() for part in text.split(";"))):
        name, _, title = item.partition("=")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise ValueError
        found.append(QueueTitle(name, title.strip() or name))
    if not found or len({queue.name for queue in found}) < len(found):
        raise ValueError
    return tuple(found)


def _show_queues(queues: tuple[QueueTitle, ...]) -> str:
    return ";".join(f"{queue.name}={queue.title}" for queue in queues)


def _secret(from_text: Callable[[str], bytes]) -> Callable[[str], bytes]:
    def parse(text: str) -> bytes:
        if text.startswith("@"):
            try:
                text = Path(text[1:]).read_text(encoding="ascii").strip()
            except OSError as error:
                raise ValueError from error
        value = from_text(text)
        if text and len(value) < 16:
            raise ValueError
        return value

    return parse


def _parse_networks(text: str) -> tuple[Network, ...]:
    items = (item.strip() for item in text.split(","))
    return tuple(ipaddress.ip_network(item, strict=False) for item in items if item)


def _parse_addresses(text: str) -> tuple[str, ...]:
    items = (item.strip() for item in text.split(",") if item.strip())
    return tuple(str(ipaddress.ip_address(item)) for item in items)


def _parse_by_role(text: str) -> ByRole:
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        role, _, names = part.partition("=")
        if role not in _OF_TOKENS or role in found or not names:
            raise ValueError
        found[role] = tuple(name.strip() for name in names.split("|"))
    return tuple(found.items())


def _show_by_role(found: ByRole) -> str:
    return ";".join(f"{role}={'|'.join(names)}" for role, names in found)


def _parse_ports(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    low, high = (int(each) for each in text.split("-"))
    if not 1_024 <= low <= high <= 65_535:
        raise ValueError
    return low, high


def _parse_advertised(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        listened, _, told = item.rpartition("=")
        address = ipaddress.ip_address(told)
        host = str(ipaddress.ip_address(listened)) if listened else ""
        if host and ipaddress.ip_address(host).version != address.version:
            raise ValueError
        pairs.append((host, str(address)))
    keys = {(host, ":" in address) for host, address in pairs}
    if len(keys) < len(pairs):
        raise ValueError
    return tuple(pairs)


TEXT = matching(r"\S.*", "text")
YES_NO = Kind("yes or no", _parse_yes, lambda value: "yes" if value else "no")
PATH: Kind[Path] = Kind("a path", Path, str)
FILE: Kind[Path | None] = Kind(
    "the path of a file, or empty",
    lambda text: Path(text) if text else None,
    lambda path: "" if path is None else str(path),
)
QUEUES = Kind(
    "NAME=TITLE, several separated by semicolons, every NAME once and of A-Z a-z 0-9 _ -",
    _parse_queues,
    _show_queues,
)
BY_ROLE = Kind(
    "ROLE=VALUE or ROLE=VALUE|VALUE, several separated by semicolons, every ROLE once",
    _parse_by_role,
    _show_by_role,
)
SECRET = Kind(
    "at least 16 bytes in hex, or @ and the path of a file that holds them",
    _secret(bytes.fromhex),
    bytes.hex,
    secret=True,
)
# For a secret whose other side, coturn, takes it as it is written.
SECRET_TEXT = Kind(
    "at least 16 ASCII characters, or @ and the path of a file that holds them",
    _secret(lambda text: text.encode("ascii")),
    lambda value: value.decode("ascii"),
    secret=True,
)
ADDRESSES = Kind("IP addresses, separated by commas", _parse_addresses, ",".join)
PORTS = Kind(
    "LOW-HIGH within 1024-65535, or empty for any",
    _parse_ports,
    lambda ports: f"{ports[0]}-{ports[1]}" if ports[0] else "",
)
ADVERTISED = Kind(
    "an IP address for all that is listened on, or LISTENED=TOLD, separated by commas, each "
    "LISTENED once",
    _parse_advertised,
    lambda pairs: ",".join(f"{host}={told}" if host else told for host, told in pairs),
)
NAME = matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 of A-Z a-z 0-9 _ -")
JWKS_URL = matching(
    r"https://\S+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?/\S*",
    "an https:// address; http:// on this machine only",
)
HOST = matching(r"[A-Za-z0-9.:_-]+", "a host name or an IP address")
LISTEN = matching(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}", "HOST:PORT, port 0 for any")
STORE_URL = matching(
    r"(rediss?(\+cluster)?|unix)://.+",
    "a URL such as redis://host:6379/0, redis+cluster://host or unix:///run/valkey.sock",
)
WEB_URL = matching(r"https?://[^\s@]+", "a URL such as https://care.example/hooks, without a user")
NETWORKS = Kind(
    "IP addresses or networks such as 10.0.0.0/8, separated by commas",
    _parse_networks,
    lambda networks: ",".join(str(each) for each in networks),
)
