import errno
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_signalling.settings import Settings
from kolapp_signalling.voice import Voice, banner

URL = "http://127.0.0.1:8080"


def test_the_banner_names_the_pages_and_how_to_stop():
    told = banner(replace(Settings(), demo=True, data_dir=Path("/srv/kolapp")), URL, 1234)
    for part in ("ready (1.2 s)", f"{URL}/patient", f"{URL}/clinician", "/srv/kolapp", "Ctrl-C"):
        assert part in told
    assert "this machine only" in told
    assert max(map(len, told.splitlines())) <= 80


def test_real_keys_are_not_called_demo():
    assert "emo" not in banner(Settings(), URL, 0)


def test_a_named_store_is_not_shown_for_its_url_may_hold_a_password():
    told = banner(replace(Settings(), store_url="redis://:secret@host"), URL, 0)
    assert "the store you named" in told
    assert "secret" not in told


def test_the_lan_banner_has_a_code_to_scan():
    told = banner(replace(Settings(), lan=True, demo=True), "https://192.168.1.7:8080", 0)
    assert "everybody in this network" in told
    assert "█" in told


@pytest.fixture
def heard():
    """A voice, and what it sent to the pipe once it is closed."""
    reader, writer = os.pipe()
    voice = Voice({"KOLAPP_READY_FD": str(writer)})

    def close_and_read():
        voice.close()
        with open(reader) as pipe:
            return [json.loads(line) for line in pipe]

    return voice, close_and_read


def test_each_event_is_a_line_on_the_pipe(heard, capsys):
    voice, told = heard
    voice.ready(Settings(), URL, 900)
    voice.died("media", "it was ended by SIGKILL", 0)
    voice.died("media", "it was ended by SIGKILL", 200)
    voice.back("media", 600)
    voice.refused("No.")
    voice.stopping()
    assert told() == [
        {"ready": {"url": URL}},
        {"died": "media"},
        {"died": "media"},
        {"back": "media", "after_ms": 600},
        {"refused": "No."},
        {"stopping": True},
    ]
    out, err = capsys.readouterr()
    assert "The media process died: it was ended by SIGKILL. It is started again at once.\n" in out
    assert "started again in 0.2 s.\nThe media process is back after 0.6 s.\n" in out
    assert err == "No.\n"


class GoneTerminal(io.StringIO):
    def write(self, text):
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_went_away_is_no_reason_to_stop(monkeypatch):
    monkeypatch.setattr(sys, "stdout", GoneTerminal())
    monkeypatch.setattr(sys, "stderr", GoneTerminal())
    voice = Voice({})
    voice.refused("No.")
    voice.stopping()


def test_a_reader_that_went_away_neither():
    reader, writer = os.pipe()
    voice = Voice({"KOLAPP_READY_FD": str(writer)})
    os.close(reader)
    voice.stopping()
    voice.stopping()
    voice.close()
