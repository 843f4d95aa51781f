from __future__ import annotations

from pathlib import Path

import pytest
from kolapp_queue.hours import AROUND_THE_CLOCK, parse_day
from kolapp_queue.policy import EVERY_PROVIDER, KEYS
from kolapp_queue.policy_file import FILE_BYTES, PolicyFileError, load, parse

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/queues.example.toml"


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyFileError) as refused:
        parse(text, "q.toml")
    lines = str(refused.value).splitlines()
    assert all(line.startswith("q.toml: ") for line in lines)
    return [line.removeprefix("q.toml: ") for line in lines]


def test_the_example_is_valid_and_shows_its_keys_at_work() -> None:
    doctor, nurse, youth = load(EXAMPLE).queues
    assert (doctor.provider, doctor.name) == ("north-clinic", "doctor")
    assert doctor.title_in("sv") == "Träffa en läkare"
    assert doctor.week == (parse_day("07:00-22:00"),) * 5 + (parse_day("09:00-18:00"),) * 2
    assert doctor.hours.of(doctor.special[2][0]) == parse_day("18:00-02:00")
    assert doctor.drain_ms == 3_600_000
    assert doctor.credit_ms("child") == 600_000
    assert nurse.week == AROUND_THE_CLOCK.week
    assert nurse.drain_ms is None
    assert (youth.ages, youth.bands, youth.drain_ms) == ((13, 24), (), 0)
    assert {queue.timezone for queue in (doctor, nurse, youth)} == {"Europe/Stockholm"}


def test_a_queue_needs_to_say_nothing() -> None:
    [queue] = parse('[queues."*".drop-in]', "q").queues
    assert (queue.provider, queue.name) == (EVERY_PROVIDER, "drop-in")
    assert all(getattr(queue, key.field) == key.default for key in KEYS)


def test_a_queue_wins_over_the_defaults_also_with_what_is_the_default() -> None:
    first, second = parse(
        """
        [defaults]
        drain = "1 h"
        ages = "18-120"
        [queues.a.first]
        [queues.a.second]
        drain = "until_empty"
        ages = ""
        """,
        "q",
    ).queues
    assert (first.drain_ms, first.ages) == (3_600_000, (18, 120))
    assert (second.drain_ms, second.ages) == (None, None)


def test_every_fault_is_told_at_once() -> None:
    told = faults(
        """
        [defualts]
        [defaults]
        ring = 45
        [queues.demo."drop in"]
        rign = "45 s"
        hours = { monday = "closed" }
        [queues."de mo".other]
        capacity = 0
        """
    )
    assert [line.split(";")[0] for line in told] == [
        "defualts is unknown here",
        "defaults.ring is 45",
        'queues.demo."drop in" is no name of a queue',
        'queues.demo."drop in".rign is unknown here',
        'queues.demo."drop in".hours.monday is unknown here',
        'queues."de mo" is no provider',
        'queues."de mo".other.capacity is 0',
    ]
    assert told[0].endswith("did you mean defaults?")
    assert told[3].endswith("did you mean ring?")
    assert told[6].endswith("it must be a whole number from 1 to 1000000.")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "queues is missing; it must be a table of at least one queue."),
        ("[queues.demo]", "queues is missing; it must be a table of at least one queue."),
        ("queues = 3", "queues is 3; it must be a table."),
        ("[queues]\ndemo = 3", "queues.demo is 3; it must be a table."),
        ("[queues.demo]\nq = 3", "queues.demo.q is 3; it must be a table."),
        ("defaults = 3\n[queues.a.q]", "defaults is 3; it must be a table."),
    ],
)
def test_what_is_no_table(text: str, told: str) -> None:
    assert told in faults(text)


def test_what_is_no_toml_is_told_with_its_line() -> None:
    [told] = faults("[queues.a.b]\nring == 3\n")
    assert told == "This is not TOML: Invalid value (at line 2, column 7)."


def test_a_queue_described_twice_is_told() -> None:
    [told] = faults("[queues.a.b]\n[queues.a.b]\n")
    assert "at line 2" in told


def test_hours_need_a_zone() -> None:
    told = "queues.a.b.timezone is missing; it must be set to the time zone of the hours."
    assert faults('[queues.a.b]\nhours = { daily = "08:00-16:00" }') == [told]
    assert faults('[queues.a.b]\nspecial = { 2026-12-24 = "closed" }') == [told]
    for where in ("[queues.a.b]\n{}", "[defaults]\n{}\n[queues.a.b]"):
        zoned = where.format('timezone = "UTC"')
        assert parse(f'{zoned}\nhours = {{ daily = "08:00-16:00" }}', "q").queues


def test_an_undo_is_over_when_the_call_is() -> None:
    told = "queues.a.b.undo is 20 s; it must be at most as long as the call rings, 15 s."
    assert faults('[queues.a.b]\nring = "15 s"\nundo = "20 s"') == [told]


def test_there_is_an_end_to_queues() -> None:
    many = "".join(f"[queues.a.q{number}]\n" for number in range(1_001))
    assert faults(many) == ["queues is 1001 queues; it must be at most 1000."]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    latin, large = tmp_path / "latin.toml", tmp_path / "large.toml"
    latin.write_bytes("# Läkare".encode("latin-1"))
    large.write_bytes(b"#" * (FILE_BYTES + 1))
    for path, told in (
        (tmp_path / "none.toml", "No such file or directory; name a TOML file of queues."),
        (tmp_path, "Is a directory; name a TOML file of queues."),
        (latin, "Byte 4 is not UTF-8; TOML is written in UTF-8."),
        (large, f"The file is larger than {FILE_BYTES} bytes."),
    ):
        with pytest.raises(PolicyFileError) as refused:
            load(path)
        assert str(refused.value) == f"{path}: {told}"
