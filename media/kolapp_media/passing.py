"""SDP and candidates that two browsers tell each other (direct mode), checked and cut. Pure.

What a media node would refuse is refused here too, and of the rest only what is known is passed
on; but candidates stay, for these two have to find each other. Only addresses may stand in them,
and the names that browsers give to addresses they hide: no browser is made to look up another.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NoReturn

from .errors import BadOffer
from .sdp import clean_offer
from .settings import MediaSettings

MOST_CANDIDATES = 128  # in one description

# RFC 8839, 5.1; `ufrag`, `generation` and `tcptype` are extensions that browsers go by.
_CANDIDATE = re.compile(
    r"candidate:(?P<foundation>[A-Za-z0-9+/]{1,32}) (?P<component>[1-9][0-9]{0,2}) "
    r"(?P<transport>[Uu][Dd][Pp]|[Tt][Cc][Pp]) (?P<priority>[0-9]{1,10}) "
    r"(?P<address>[A-Za-z0-9.:-]{1,64}) (?P<port>[0-9]{1,5}) typ (?P<kind>host|srflx|prflx|relay)"
    r"(?: raddr (?P<raddr>[A-Za-z0-9.:-]{1,64}) rport (?P<rport>[0-9]{1,5}))?"
    r"(?P<more>(?: [a-z-]{1,16} [A-Za-z0-9+/_=-]{1,64}){0,8})\Z"
)
_HIDDEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.local\Z")
_EXTENSIONS = ("tcptype", "generation", "ufrag")
# Between browsers these count too; a media node has no use for them.
_BETWEEN_BROWSERS = re.compile(
    r"a=(?:ice-options:[a-z0-9 -]{1,40}|rtcp-rsize|bundle-only|extmap-allow-mixed"
    r"|end-of-candidates)\Z"
)
_NOWHERE = "c=IN IP4 0.0.0.0"  # the candidates say where


def passed_sdp(sdp: str, limits: MediaSettings, *, relay_only: bool) -> str:
    """The description as the other browser gets it, or `BadOffer`. With `relay_only` no candidate
    is left that is no relay's."""
    known = set(clean_offer(sdp, limits).sdp.split("\r\n"))
    lines: list[str] = []
    candidates = 0
    for line in sdp.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if line.startswith("a=candidate:"):
            candidates += 1
            if passed := passed_candidate(line[2:], relay_only=relay_only):
                lines.append(f"a={passed}")
        elif line.startswith("o="):
            lines.append("o=- 1 1 IN IP4 0.0.0.0")  # names a host and a user, at will
        elif line.startswith("s="):
            lines.append("s=-")
        elif line in known or _BETWEEN_BROWSERS.match(line):
            lines.append(line)
            if line.startswith("m="):
                lines.append(_NOWHERE)
    if candidates > MOST_CANDIDATES:
        _refuse("the description has too many candidates")
    return "\r\n".join(lines) + "\r\n"


def passed_candidate(text: str, *, relay_only: bool) -> str | None:
    """The candidate as the other browser gets it: "" says that there are no more. None: this one
    is not for the other. Raises `BadOffer`."""
    if not text:
        return ""
    found = _CANDIDATE.match(text)
    if not found:
        _refuse("a candidate is malformed")
    _check_numbers(found)
    for name in ("address", "raddr"):
        if found[name] is not None:
            _check_address(found[name])
    if relay_only and found["kind"] != "relay":
        return None
    fields = [f"candidate:{found['foundation']}", found["component"], found["transport"]]
    fields += [found["priority"], found["address"], found["port"], "typ", found["kind"]]
    if found["raddr"] is not None:
        # Of a relay this is its client's own address; it is for nobody's use but debugging.
        hidden = relay_only or found["kind"] == "relay"
        nowhere = "::" if ":" in found["raddr"] else "0.0.0.0"
        fields += ["raddr", nowhere if hidden else found["raddr"]]
        fields += ["rport", "0" if hidden else found["rport"]]
    more = found["more"].split()
    for name, value in zip(more[::2], more[1::2], strict=True):
        if name in _EXTENSIONS:
            fields += [name, value]
    return " ".join(fields)


def _refuse(reason: str) -> NoReturn:
    raise BadOffer(reason)


def _check_numbers(found: re.Match[str]) -> None:
    ports = [found["port"], found["rport"] or "0"]
    if any(int(port) > 65_535 for port in ports):
        _refuse("a candidate's port is no port")
    if int(found["component"]) > 256 or int(found["priority"]) >= 2**31:
        _refuse("a candidate's number is too large")


def _check_address(text: str) -> None:
    if _HIDDEN.match(text):
        return
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        _refuse("a candidate has no address")
    if address.is_multicast:
        _refuse("a candidate's address is for many")
