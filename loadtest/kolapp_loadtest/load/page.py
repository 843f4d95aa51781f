"""The report as one page: no network, no script, everything in it. Pure but for its style sheet."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Any

from . import pictures
from .live_clock import clock
from .spans import said
from .verdicts import MET, MISSED

_STYLE = (files(__package__) / "page.css").read_text(encoding="utf-8")
BUSY = 0.15  # of the machine taken by others spoils what was measured
_CLASSES = {MET: "met", MISSED: "missed"}


def page(report: dict[str, Any]) -> str:
    title = f"{report['scenario']['title']}: load test of Kolapp"
    body = "".join(part(report) for part in _PARTS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _latency(report: dict[str, Any]) -> str:
    words = (
        "From the moment at which something was due by the plan, so a server that falls behind is "
        "charged for it. The axis stretches the slowest."
    )
    both = _pair(pictures.latencies(report), pictures.turns(report))
    return _section("Latency", words, both + _latencies(report))


def _waiting(report: dict[str, Any]) -> str:
    words = (
        "Times of the scenario's day. The model serves the very same people without a network: "
        "what is longer than it was cost by the system."
    )
    return _section("Waiting", words, _pair(pictures.waits(report), pictures.line(report)))


def _announced(report: dict[str, Any]) -> str:
    words = (
        "What each was told first, against the wait that followed, both in the day's own time. The "
        "forecast is the 80 % range behind what is shown, which leans to the late side."
    )
    return _section("Announced ranges", words, pictures.ranges(report))


def _machines(report: dict[str, Any]) -> str:
    words = "Cores and memory of each process, the load's own beside."
    both = _pair(pictures.cores(report), pictures.memory(report))
    return _section("Machines", words, both + _steady(report))


def _steady(report: dict[str, Any]) -> str:
    found = report.get("steady", {})
    if not found.get("processes"):
        return ""
    each = found["kb_per_client"]
    words = (
        f"While at least 90 of 100 of all were connected ({found['connected']:,}, from "
        f"{clock(report['scenario'], found['from_s'])} to "
        f"{clock(report['scenario'], found['until_s'])})"
        + (f"; the signalling node had grown by {each:.1f} kB for each" if each else "")
        + ". Slopes are of the line of least squares."
    )
    rows = [
        (
            escape(name),
            *("-" if one[key] is None else f"{one[key]:.2f}" for key in ("cores", "most_cores")),
            *(f"{one[key]:,.0f}" for key in ("from_mb", "to_mb")),
            "-" if one["mb_per_min"] is None else f"{one['mb_per_min']:+.2f}",
        )
        for name, one in found["processes"].items()
    ]
    head = ("process", "cores", "at most", "MB", "MB at the end", "MB a minute")
    return f'<p class="muted">{escape(words)}</p>' + table(head, rows, range(1, 6))


def _head(report: dict[str, Any]) -> str:
    scenario = report["scenario"]
    sign = '<span class="sign green">All objectives met</span>'
    if not report["green"]:
        sign = '<span class="sign red">Not all objectives met</span>'
    turn = report["latencies_ms"].get("turn", {})
    waits = report["waits"].get("measured", {})
    facts = (
        (f"{scenario['patients']:,}", "patients"),
        (str(scenario["clinicians"]), "clinicians"),
        (f"{report['counts'].get('visits', 0) * 3600 / scenario['day_s']:,.0f}", "visits an hour"),
        (f"{turn.get('p99', 0):.1f} ms", "&ldquo;your turn&rdquo;, 99 of 100"),
        (said(waits.get("mean_s", 0.0)), "mean wait"),
        (said(scenario["day_s"]), f"in {said(report['lasted_s'])}"),
    )
    boxes = "".join(f"<div><b>{value}</b>{name}</div>" for value, name in facts)
    busy = busy_words(report)
    warned = f'<p class="missed">{escape(busy)}</p>' if busy else ""
    failures = "".join(f'<p class="missed">{escape(one)}</p>' for one in report["failures"])
    return (
        f"<h1>{escape(scenario['title'])}</h1><p>{escape(scenario['about'])}</p>{sign}{failures}{warned}"
        f'<div class="facts">{boxes}</div>'
    )


def busy_words(report: dict[str, Any]) -> str:
    """A warning, when the machine was not ours alone."""
    others, cpus = report.get("others_cores", 0.0), report["about"]["machine"].get("cpus", 1)
    if others <= BUSY * cpus:
        return ""
    return (
        f"Other programs took {others:.1f} of {cpus} cores meanwhile: the latencies are theirs too."
    )


def _verdicts(report: dict[str, Any]) -> str:
    rows = [
        (
            escape(one["name"].replace("_", " "))
            + (f'<div class="muted">{escape(one["note"])}</div>' if one["note"] else ""),
            escape(one["asked"]),
            escape(one["found"]),
            f'<span class="{_CLASSES.get(one["verdict"], "not")}">{one["verdict"]}</span>',
        )
        for one in report["verdicts"]
    ]
    return _section("Objectives", "", table(("objective", "asked", "found", "verdict"), rows, ()))


def _latencies(report: dict[str, Any]) -> str:
    keys = ("p50", "p90", "p99", "p99.9", "max")
    rows = [
        (escape(verb.replace("_", " ")), *(f"{one[key]:,.1f}" for key in keys), f"{one['n']:,}")
        for verb, one in report["latencies_ms"].items()
    ]
    return table(("verb, ms", *keys, "times"), rows, range(1, 7))


def _fairness(report: dict[str, Any]) -> str:
    factor = report["scenario"]["compress"]
    rows = [
        (
            escape(" ".join(filter(None, row["kind"].split("/")))),
            str(row["tickets"]),
            str(row["called"]),
            said(row["mean_s"] * factor) if row["called"] else "-",
            said(row["p90_s"] * factor) if row["called"] else "-",
            str(row["overtaken"]),
        )
        for row in report["fairness"]
    ]
    head = ("kind", "tickets", "called", "mean wait", "90 of 100 within", "overtaken")
    words = "Within one kind people are called in the order of their numbers."
    return _section("Fairness", words, table(head, rows, range(1, 6)))


def _faults(report: dict[str, Any]) -> str:
    if not report["faults"]:
        return _section("Faults", "Nothing was broken in this scenario.", "")
    rows = [
        (
            str(number),
            clock(report["scenario"], one["at_s"]),
            escape(one["what"]),
            str(one["hit"]),
            "-" if one.get("back_s") is None else f"{one['back_s']:.1f} s",
            f"{one.get('held_up', 0):,}",
            f"{one['recovery_s']:.2f} s",
        )
        for number, one in enumerate(report["faults"], 1)
    ]
    words = (
        "Recovered: from a fault, or from its network being back, until the last who was held up "
        "by it was not any more (a request of half a second or more, a lost connection), and "
        "another process did the work of one that was killed. The pictures have a dashed line for "
        "each, with its number."
    )
    head = ("fault", "at", "what", "hit", "replaced after", "held up", "recovered after")
    return _section("Faults", words, table(head, rows, (3, 4, 5, 6)))


def _media(report: dict[str, Any]) -> str:
    found = report.get("media")
    if not found or not (found["asked"] or any(found["verdicts"].values())):
        return ""
    counts = ", ".join(f"{n} {kind}" for kind, n in found["verdicts"].items() if n) or "none came"
    pictures, sounds, late = found["pictures"], found["sounds"], found["late_ms"]
    words = (
        f"{found['asked']} visits were to carry real sound and picture (WebRTC, 80 packets a "
        f"second each way): {counts}. Each side looks whom it sees and hears. Of what was due "
        f"after the first, {_part(pictures)} of the pictures and {_part(sounds)} of the sounds "
        "came; "
        f"{found['lost']} of {found['received'] + found['lost']} packets were lost, and "
        f"{found['remade_legs']} legs were made again. Legs live in processes of their own (media "
        f"of patients, of clinicians; see Machines), which sent 99 of 100 frames within "
        f"{late.get('p90', 0.0):.1f} ms of their time and took {found['own_cores']['mean']:.2f} "
        f"cores on average, {found['own_cores']['most']:.2f} at most."
    )
    rows = [
        (escape(name), *(f"{one[key]:,.0f}" if one["n"] else "-" for key in ("p50", "p90", "max")),
         f"{one['n']}")
        for name, one in found["first_ms"].items()
    ]  # fmt: skip
    head = ("from the answer to the first, ms", "p50", "p90", "max", "visits")
    reasons = "".join(f'<p class="missed">{escape(one)}</p>' for one in found["reasons"])
    return _section("Sound and picture", words, reasons + table(head, rows, range(1, 5)))


def _part(one: dict[str, int]) -> str:
    return f"{min(1.0, one['came'] / one['due']):.1%}" if one["due"] else "none"


def _outcomes(report: dict[str, Any]) -> str:
    people = [(escape(name), f"{n:,}") for name, n in report["outcomes"].items()]
    problems = [
        (escape(name), f"{n:,}")
        for name, n in report["counts"].items()
        if name.startswith(("error:", "crossed:"))
    ]
    both = _pair(
        table(("tickets", ""), people, (1,)),
        table(("errors, and requests that crossed an event", ""), problems, (1,)),
    )
    return _section("What became of everybody", "", both)


def _about(report: dict[str, Any]) -> str:
    about, scenario = report["about"], report["scenario"]
    machine = ", ".join(f"{name} {value}" for name, value in about["machine"].items())
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items())
    return _section(
        "How it was measured",
        "",
        f"<p>One second on the wire is {scenario['compress']:g} s of the day; what networks and "
        f"machines take is not compressed. Seed {scenario['seed']}; {about['workers']} processes "
        f"of patients and one of clinicians.</p><p class='muted'>{escape(machine)}</p>"
        f"<p class='muted'>{escape(versions)}</p>",
    )


def _section(title: str, words: str, inside: str) -> str:
    said_ = f'<p class="muted">{escape(words)}</p>' if words else ""
    return f"<section><h2>{escape(title)}</h2>{said_}{inside}</section>"


def _pair(*parts: str) -> str:
    return f'<div class="pair">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def table(head: Any, rows: Any, numbers: Any) -> str:
    """Cells are HTML already; columns of `numbers` are set to the right."""

    def cells(kind: str, row: Any) -> str:
        aligned = ((' class="n"' if n in numbers else "", cell) for n, cell in enumerate(row))
        return "".join(f"<{kind}{how}>{cell}</{kind}>" for how, cell in aligned)

    lines = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    # Whoever has no mouse must be able to scroll it, and be told what it is.
    about = escape(str(head[0]) or "figures", quote=True)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{about}"><table>'
        f"<thead><tr>{cells('th', head)}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


_PARTS = (
    *(_head, _verdicts, _latency, _waiting, _announced, _fairness, _faults, _media, _machines),
    *(_outcomes, _about),
)
