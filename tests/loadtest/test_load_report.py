"""The report: the page holds everything itself and can be read, and two reports can be compared."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from kolapp_loadtest.load import charts
from kolapp_loadtest.load.command import main
from kolapp_loadtest.load.compare import compared
from kolapp_loadtest.load.live_view import line, picture
from kolapp_loadtest.load.own_server import queues_file
from kolapp_loadtest.load.page import page
from kolapp_loadtest.load.shipped import load
from lived_day import SCENARIO, lived, report_of
from rich.console import Console


def test_the_page_needs_no_network_and_no_script() -> None:
    text = page(report_of(lived()))
    assert not re.search(r"(?i)<script|\bsrc=|\bhref=|url\(|@import|https?:", text)
    for word in ("All objectives met", "Fairness", "kill store", "your turn", "p99.9"):
        assert word in text
    assert text.count("<svg") - text.count('class="key"') == 7


def test_a_missed_objective_is_seen_at_once() -> None:
    report = report_of(lived(slow=50))
    assert not report["green"]
    text = page(report)
    assert "Not all objectives met" in text
    assert 'class="missed">missed' in text


def test_a_busy_machine_is_told_before_all_figures() -> None:
    result = lived()
    assert "Other programs" not in page(report_of(result))
    for tick in result.ticks:
        tick.others = 0.8
    assert "Other programs took 0.8 of 2 cores meanwhile" in page(report_of(result))


def contrast(one: str, other: str = "#ffffff") -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(c * part for c, part in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_of_text_and_lines_have_contrast() -> None:
    style = page(report_of(lived())).partition("</style>")[0]
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    for name in ("ink", "muted", "met", "missed"):
        assert contrast(named[name]) >= 4.5, name
    for colour in (*charts.COLOURS, charts.INK, charts.MUTED):
        assert contrast(colour) >= 4.5, colour


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0.0, 10.5, [0, 2, 4, 6, 8, 10]), (0.0, 0.9, [0, 0.2, 0.4, 0.6, 0.8]), (0.0, 240.0, 5)],
)
def test_axes_are_marked_with_round_numbers(low: float, high: float, marks: Any) -> None:
    found = charts.Axis("", low, high).marks()
    assert len(found) == marks if isinstance(marks, int) else found == pytest.approx(marks)


def test_what_got_worse_is_marked() -> None:
    text = compared(report_of(lived()), report_of(lived(slow=50)))
    assert re.search(r"^! turn_p99_ms .*missed$", text, re.MULTILINE)
    assert re.search(r"^! join .*\(\+\d+%\)$", text, re.MULTILINE)
    same = compared(report_of(lived()), report_of(lived()))
    assert not [one for one in same.splitlines() if one.startswith("!")]


def test_the_live_view_shows_people_latencies_and_processes() -> None:
    result = lived()
    out = io.StringIO()
    Console(file=out, width=140).print(picture(SCENARIO, result.ticks[-1], result.total))
    for word in ("Night", "ranges held", "turn", "signalling", "23:58"):
        assert word in out.getvalue()
    assert "waiting 3" in line(SCENARIO, result.ticks[-1], result.total)


def test_a_page_can_be_drawn_again_and_what_is_no_report_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "night.json"
    file.write_text(json.dumps(report_of(lived())))
    assert main(["page", str(file)]) == 0
    assert "Night" in file.with_suffix(".html").read_text()
    assert main(["compare", str(file), str(file)]) == 0
    file.write_text(json.dumps(report_of(lived()) | {"format": 1}))
    assert main(["page", str(file)]) == 1
    assert "run the scenario again" in capsys.readouterr().err
    file.write_text("[]")
    assert main(["page", str(file)]) == 1
    assert "no report" in capsys.readouterr().err
    assert main(["check", "night"]) == 0
    assert main(["run", str(tmp_path / "none.toml")]) == 1


def test_the_servers_queues_are_those_of_the_scenario_with_peoples_times_compressed() -> None:
    text = queues_file(load("monday-morning"))
    assert "[queues.loadtest.doctor]" in text
    assert 'ring = "5 s"' in text  # the least there is
    # What forecasts go by is the day's own time.
    assert 'rehearsal = 120\nvisit_prior = "360 s"' in text
    assert 'bands = { urgent = "15 s" }' in text
