from __future__ import annotations

import tomllib
from dataclasses import fields

import pytest
from kolapp_queue.model import QueueRef
from kolapp_queue.policy import EVERY_PROVIDER, KEYS, Key, PolicySet, QueuePolicy, development_set
from kolapp_queue.policy_kinds import Place
from kolapp_queue.settings import QueueSettings


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.name))
def test_every_default_could_be_written(key: Key) -> None:
    """In the file's own words, and means the default then."""
    place = Place()
    written = tomllib.loads(f"x = {key.kind.show(key.default)}")["x"]
    assert place.take(key.kind, written) == (key.default,)
    assert not place.faults
    assert key.text.endswith((".", "?"))


def test_every_field_has_one_key() -> None:
    names = [item.name for item in fields(QueuePolicy)]
    assert names == ["provider", "name", *(key.field for key in KEYS)]
    assert len({key.name for key in KEYS}) == len(KEYS)


def test_the_development_queue_is_as_the_settings_say() -> None:
    settings = QueueSettings(ring_ms=1, missed_calls=7, away_grace_ms=2, retention_ms=3)
    [queue] = development_set({"drop-in": "Drop-in"}, settings).queues
    assert (queue.provider, queue.name, queue.title) == (EVERY_PROVIDER, "drop-in", "Drop-in")
    assert (queue.ring_ms, queue.missed_calls, queue.away_grace_ms) == (1, 7, 2)
    assert (queue.retention_ms, queue.visit_prior_ms) == (3, settings.visit_prior_ms)
    assert queue.hours.always


def test_defaults_are_those_of_the_settings() -> None:
    """Where both have a value, the same: or a queue would change by being written down."""
    plain, settings = QueuePolicy("p", "q"), QueueSettings()
    both = {item.name for item in fields(plain)} & {item.name for item in fields(settings)}
    assert {"ring_ms", "missed_calls", "away_grace_ms", "retention_ms", "visit_prior_ms"} <= both
    assert {name: getattr(plain, name) for name in both} == {
        name: getattr(settings, name) for name in both
    }


def test_a_title_in_a_language_else_in_the_first() -> None:
    queue = QueuePolicy("p", "q", titles=(("sv", "Läkare"), ("en", "Doctor")))
    assert [queue.title_in(language) for language in ("en", "sv", "nb")] == [
        "Doctor",
        "Läkare",
        "Läkare",
    ]
    assert queue.title == "Läkare"
    assert QueuePolicy("p", "q").title == "q"


def test_a_providers_own_queue_hides_that_of_every_provider() -> None:
    common = QueuePolicy(EVERY_PROVIDER, "drop-in")
    own, other = QueuePolicy("a", "drop-in", ring_ms=1), QueuePolicy("a", "nurse")
    policies = PolicySet((common, own, other))
    assert policies.of("a") == [own, other]
    assert policies.of("b") == [common]
    assert policies.find(QueueRef("a", "drop-in")) is own
    assert policies.find(QueueRef("b", "drop-in")) is common
    assert policies.find(QueueRef("b", "nurse")) is None


def test_a_band_gives_credit() -> None:
    queue = QueuePolicy("p", "q", bands=(("urgent", 5),))
    assert [queue.credit_ms(band) for band in ("", "urgent", "other")] == [0, 5, None]
