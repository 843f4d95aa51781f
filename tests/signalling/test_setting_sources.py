import argparse
from dataclasses import replace
from pathlib import Path

import pytest
from kolapp_signalling.setting_kinds import EVERYWHERE, QueueTitle, SettingsError
from kolapp_signalling.setting_sources import (
    add_flags,
    load_settings,
    settings_table,
    to_environment,
)
from kolapp_signalling.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def flags(command, *given):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_flags(parser, command)
    return parser.parse_args(given)


def test_nothing_given_is_the_defaults():
    assert load_settings({"PATH": "/bin"}, flags("serve")) == Settings()


def test_a_flag_wins_over_the_environment_and_that_over_the_default():
    environment = {"KOLAPP_HTTP_PORT": "1", "KOLAPP_HTTP_HOST": "::1"}
    settings = load_settings(environment, flags("serve", "--port", "2"))
    assert (settings.http_port, settings.http_host) == (2, "::1")


def test_a_repeated_flag_makes_a_list():
    given = flags("serve", "--queue", "a=A", "--queue", "b=B", "--media-host", "127.0.0.2", "--lan")
    settings = load_settings({}, given)
    assert settings.queues == (QueueTitle("a", "A"), QueueTitle("b", "B"))
    assert settings.media.hosts == ("127.0.0.2",)
    assert settings.lan


def test_settings_of_the_lower_packages_have_a_prefix():
    settings = load_settings({"KOLAPP_QUEUE_RING_MS": "5", "KOLAPP_MEDIA_MAX_LEGS": "4"})
    assert settings.queue == replace(Settings().queue, ring_ms=5)
    assert settings.media == replace(Settings().media, max_legs=4)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"KOLAPP_HTTP_PORT": "x"},
            "KOLAPP_HTTP_PORT is 'x'; it must be a whole number from 0 to 65535.",
        ),
        (
            {"KOLAPP_HTP_PORT": "1"},
            "A variable's name is 'KOLAPP_HTP_PORT'; it must be KOLAPP_HTTP_PORT.",
        ),
        (
            {"KOLAPP_CLUSTER_SECRET": "hunter2"},
            "KOLAPP_CLUSTER_SECRET is '(hidden)'; it must be at least 16 bytes in hex, or @ and "
            "the path of a file that holds them.",
        ),
        (
            {"KOLAPP_JWT_KEY_FILE": "/k"},
            "KOLAPP_JWT_KEY_FILE is '/k'; it must be set together with KOLAPP_JWT_ISSUER and "
            "KOLAPP_JWT_AUDIENCE.",
        ),
        (
            {"KOLAPP_TLS_CERT": "/c"},
            "KOLAPP_TLS_CERT is '/c'; it must be set together with KOLAPP_TLS_KEY.",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(environment, sentence):
    with pytest.raises(SettingsError) as refusal:
        load_settings(environment)
    assert str(refusal.value) == sentence


def test_a_flag_is_called_by_its_own_name():
    with pytest.raises(SettingsError, match=r"^--port is '70000'"):
        load_settings({}, flags("serve", "--port", "70000"))


def test_a_child_loads_what_its_parent_has():
    settings = replace(
        Settings(),
        http_port=0,
        data_dir=Path("/d"),
        queues=(QueueTitle("a", "A, B: and more"), QueueTitle("b", "b")),
        cluster_secret=bytes(range(32)),
        trusted_origins=("https://a.example", "https://b.example:444"),
        tls_cert=Path("/c"),
        tls_key=Path("/k"),
        lan=True,
        queue=replace(Settings().queue, ring_ms=1),
        media=replace(Settings().media, hosts=(), connect_timeout=2.5),
    )
    assert load_settings(to_environment(settings)) == settings
    assert to_environment(Settings()) == {}


@pytest.mark.parametrize("command", EVERYWHERE)
def test_every_command_says_what_its_flags_are(command):
    parser = argparse.ArgumentParser()
    add_flags(parser, command)
    assert "--data-dir" in parser.format_help()


def test_the_document_is_the_declarations():
    assert DOCUMENT.read_text() == settings_table(), "run `make docs`"
