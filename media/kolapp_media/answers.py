"""Answers as data: what the library writes alike into all sections, made each slot's own. Pure.

A browser keeps together, in time, what comes in one stream (`a=msid`) or under one name (`cname`,
RFC 3550, 6.5.1). That must be lips and voice of one person, never of two.
"""

from __future__ import annotations

import re

_SECTIONS = re.compile(r"^(?=m=)", re.MULTILINE)
# The end is written over, not appended to: aiortc's ends read reports only with names as long.
_END = re.compile(r"^(a=(?:msid:|ssrc:[0-9]+ cname:)\S+)\S\S(?=\s)", re.MULTILINE)
_NAME = re.compile(r"^a=ssrc:[0-9]+ cname:(\S+)", re.MULTILINE)


def with_slots_apart(answer: str) -> tuple[str, list[str]]:
    """The answer, and by section the name under which we send. The first sections stay as they
    are."""
    head, *sections = _SECTIONS.split(answer)
    seen: dict[str, int] = {}
    done = [head]
    names = []
    for section in sections:
        kind = section.split(" ", 1)[0]
        slot = seen[kind] = seen.get(kind, -1) + 1
        if slot:
            section = _END.sub(rf"\1-{slot}", section)
        done.append(section)
        names.append(_NAME.findall(section)[0])
    return "".join(done), names
