import dataclasses
import re

import pytest
from kolapp_signalling.setting_sources import entries
from kolapp_signalling.settings import Settings

ENTRIES = entries()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.variable)
def test_a_declaration_is_whole(entry):
    assert re.fullmatch(r"[A-Z].*[A-Za-z]\.", entry.declared.text), "one sentence"
    kind = entry.declared.kind
    shown = kind.show(entry.default)
    assert shown == "" or kind.parse(shown) == entry.default, "the default passes its own check"


def test_names_and_flags_are_unique():
    names = [entry.variable for entry in ENTRIES]
    flags = [entry.declared.flag for entry in ENTRIES if entry.declared.flag]
    assert len(names) == len(set(names))
    assert len(flags) == len(set(flags))


def test_no_secret_has_a_flag_or_is_shown():
    secrets = [entry for entry in ENTRIES if entry.declared.kind.secret]
    names = ["identity_pepper", "webhook_secret", "turn_secret", "cluster_secret"]
    assert [entry.name for entry in secrets] == names
    assert not any(entry.declared.flag for entry in secrets)
    shown = repr(Settings(**dict.fromkeys(names, b"\xaa" * 16)))
    assert "xaa" not in shown


def test_settings_cannot_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().http_port = 1
