"""Times of a scenario as people write them: `7 min`, `08:30`, `07:00-17:00`. Pure."""

from __future__ import annotations

import re

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h)\Z")
_CLOCK = re.compile(r"(\d\d):(\d\d)\Z")


def span_s(text: object) -> float:
    """Seconds of `90 s`, `7 min` or `1.5 h`. Raises ValueError."""
    found = _SPAN.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError('a time such as "90 s", "7 min" or "2 h" is expected')
    return float(found[1]) * _UNITS[found[2]]


def clock_s(text: object) -> float:
    """Seconds since midnight of `08:30`; `24:00` is the day's end. Raises ValueError."""
    found = _CLOCK.match(text) if isinstance(text, str) else None
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise ValueError('a time of the day such as "08:30" is expected')
    return int(found[1]) * 3600.0 + int(found[2]) * 60.0


def clocks_s(text: object) -> tuple[float, float]:
    """Both ends of `07:00-17:00`; `22:00-06:00` passes midnight. Raises ValueError."""
    first, minus, last = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not minus:
        raise ValueError('two times of the day such as "07:00-17:00" are expected')
    begin_s, end_s = clock_s(first.strip()), clock_s(last.strip())
    return begin_s, end_s if end_s > begin_s else end_s + 24 * 3600.0


def said(seconds: float) -> str:
    """`7.5 min`: a span for people."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
