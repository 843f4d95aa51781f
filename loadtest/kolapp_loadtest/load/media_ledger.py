"""What became of the visits with media: both sides of each put together, and judged. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..bench.figures import percentile
from ..picture import FRAMES_PER_S
from ..recorded import SOUNDS_PER_S

PATIENT, CLINICIAN = "patient", "clinician"
LEAST_S = 3.0  # a visit shorter than this shows nothing when no picture came
MOST_LATE_MS = 100.0  # frames that our own process sent later than this are no fault of the server

Side = Mapping[str, Any]
GOOD, FAILED, TOO_SHORT, PUT_OFF = "good", "failed", "too short", "put off"


def visits(sides: Iterable[Side]) -> list[dict[str, Any]]:
    """A row for each visit, in the order of the answers."""
    by_visit: dict[str, dict[str, Side]] = defaultdict(dict)
    for side in sides:
        by_visit[side["visit"]][side["side"]] = side
    # A clinician who pulled somebody who never answered has carried nothing.
    rows = [_row(both) for both in by_visit.values() if PATIENT in both]
    return sorted(rows, key=lambda row: row["answered_ns"])


def _row(both: Mapping[str, Side]) -> dict[str, Any]:
    answered_ns = both[PATIENT]["begun_ns"]
    ended_ns = min(side["ended_ns"] for side in both.values())
    seconds = max(0.0, (ended_ns - answered_ns) / 1e9)
    parts = {name: _side(side, answered_ns) for name, side in both.items()}
    return {
        "answered_ns": answered_ns,
        "seconds": round(seconds, 2),
        "sides": parts,
        **dict(zip(("verdict", "why"), _judged(both, parts, seconds), strict=True)),
    }


def _side(side: Side, answered_ns: int) -> dict[str, Any]:
    legs = side["legs"]
    first_ns = min((leg["picture_ns"] for leg in legs if leg["picture_ns"]), default=0)
    heard_ns = min((leg["sound_ns"] for leg in legs if leg["sound_ns"]), default=0)
    seen_s = max(0.0, (side["ended_ns"] - first_ns) / 1e9) if first_ns else 0.0
    heard_s = max(0.0, (side["ended_ns"] - heard_ns) / 1e9) if heard_ns else 0.0
    return {
        "first_picture_ms": _after(first_ns, answered_ns),
        "first_sound_ms": _after(heard_ns, answered_ns),
        "pictures": sum(leg["pictures"] for leg in legs),
        "sounds": sum(leg["sounds"] for leg in legs),
        "pictures_due": round(seen_s * FRAMES_PER_S),
        "sounds_due": round(heard_s * SOUNDS_PER_S),
        "received": sum(leg["received"] for leg in legs),
        "lost": sum(max(0, leg["lost"]) for leg in legs),
        "again": max(0, len(legs) - 1),
        "late_ms": max((leg["late_ms"] for leg in legs), default=0.0),
    }


def _after(at_ns: int, answered_ns: int) -> float | None:
    return round(max(0, at_ns - answered_ns) / 1e6, 1) if at_ns else None


def _judged(
    both: Mapping[str, Side], parts: Mapping[str, Mapping[str, Any]], seconds: float
) -> tuple[str, str]:
    if any(side["put_off"] for side in both.values()):
        return PUT_OFF, "too many carried media at that moment"
    troubles = [trouble for name in both if (trouble := _trouble(both[name], parts[name]))]
    if CLINICIAN not in both:
        troubles.append("the clinician's side never began")
    if not troubles:
        return GOOD, ""
    if seconds < LEAST_S:
        return TOO_SHORT, f"over after {seconds:.1f} s"
    return FAILED, "; ".join(troubles)


def _trouble(side: Side, part: Mapping[str, Any]) -> str:
    who, legs = side["side"], side["legs"]
    missing = [kind for kind in ("pictures", "sounds") if not part[kind]]
    if missing:
        return f"{who}: no {' and no '.join(missing)}" + (
            f" ({side['failed']})" if side["failed"] else ""
        )
    wrong = [
        kind
        for kind in ("picture", "sound")
        if not all(leg[f"right_{kind}"] for leg in legs if leg[f"{kind}s"])
    ]
    return f"{who}: {' and '.join(wrong)} not the other side's" if wrong else ""


def summary(sides: Sequence[Side], asked: int) -> dict[str, Any]:
    """For the report."""
    rows = visits(sides)
    counts = {kind: sum(row["verdict"] == kind for row in rows)
              for kind in (GOOD, FAILED, TOO_SHORT, PUT_OFF)}  # fmt: skip
    parts = [part for row in rows if row["verdict"] != PUT_OFF for part in row["sides"].values()]
    received, lost = (sum(part[key] for part in parts) for key in ("received", "lost"))
    return {
        "asked": asked,
        "verdicts": counts,
        "reasons": [row["why"] for row in rows if row["verdict"] == FAILED][:10],
        "first_ms": {
            f"{name} {kind}": _figures(
                row["sides"][name][f"first_{kind}_ms"] for row in rows if name in row["sides"]
            )
            for name in (PATIENT, CLINICIAN)
            for kind in ("picture", "sound")
        },
        "pictures": _share(parts, "pictures"),
        "sounds": _share(parts, "sounds"),
        "received": received,
        "lost": lost,
        "loss": lost / (received + lost) if received + lost else None,
        "remade_legs": sum(part["again"] for part in parts),
        "late_ms": _figures(part["late_ms"] for part in parts),
    }


def _figures(values: Iterable[float | None]) -> dict[str, float]:
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return {"n": 0}
    shares = (("p50", 0.5), ("p90", 0.9), ("max", 1.0))
    return {name: percentile(ordered, share) for name, share in shares} | {"n": len(ordered)}


def _share(parts: Sequence[Mapping[str, Any]], kind: str) -> dict[str, int]:
    """What came, beside what was sent from the first that came until the end."""
    return {
        "came": sum(part[kind] for part in parts),
        "due": sum(part[f"{kind}_due"] for part in parts),
    }
