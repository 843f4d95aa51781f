from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from kolapp_queue.sealing import KeyRing
from kolapp_signalling.development import (
    DEMO_TOKEN_S,
    demo_token,
    is_loopback,
    prepare,
)
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import EVERYWHERE, MEDIA, SERVE, SIGNALLING
from kolapp_signalling.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


@pytest.fixture
def real(settings, tmp_path):
    """As an operator with an identity provider configures it."""
    return replace(
        settings, jwt_key_file=tmp_path / "idp.pem", jwt_issuer="https://idp", jwt_audience="care"
    )


def claims_of(token, settings):
    return jwt.decode(
        token,
        settings.jwt_key_file.read_bytes(),
        algorithms=list(settings.jwt_algorithms),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )


def test_a_demo_token_passes_the_checks_of_the_prepared_settings(settings):
    prepared = prepare(settings, SERVE)
    claims = claims_of(demo_token(prepared, "patient", "anna"), prepared)
    assert (claims["sub"], claims["role"], claims["provider"]) == ("anna", "patient", "demo")
    assert claims["exp"] - claims["iat"] == DEMO_TOKEN_S


def test_tokens_and_keys_survive_a_restart(settings):
    before = prepare(settings, SERVE)
    token = demo_token(before, "clinician", "bo")
    after = prepare(settings, SERVE)
    assert after == before
    assert claims_of(token, after)["sub"] == "bo"


@pytest.mark.parametrize("command", EVERYWHERE)
def test_preparing_twice_changes_nothing(settings, command):
    prepared = prepare(settings, command)
    assert prepare(prepared, command) == prepared


def test_only_known_roles_get_a_token(settings):
    with pytest.raises(ValueError, match="patient, clinician"):
        demo_token(prepare(settings, SERVE), "admin", "x")


def test_real_keys_switch_the_demo_off(real):
    prepared = prepare(real, SERVE)
    assert not prepared.demo
    assert prepared.jwt_key_file == real.jwt_key_file
    with pytest.raises(StartRefused, match="real keys are configured"):
        demo_token(prepared, "patient", "anna")


def test_demo_tokens_cannot_be_had_beside_real_keys(real):
    with pytest.raises(StartRefused, match="unset KOLAPP_DEMO or KOLAPP_JWT_KEY_FILE"):
        prepare(replace(real, demo=True), SERVE)


def test_configured_secrets_are_used_and_nothing_is_written(real, tmp_path):
    secrets = {
        "cluster_secret": bytes(32),
        "identity_pepper": bytes(range(32)),
        "seal_keys": Path("/etc/kolapp/seal-keys"),
    }
    prepared = prepare(replace(real, **secrets), SIGNALLING)
    assert {name: getattr(prepared, name) for name in secrets} == secrets
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "care.example"])
@pytest.mark.parametrize("command", [SERVE, SIGNALLING])
def test_throw_away_keys_never_leave_the_machine(settings, command, host, tmp_path):
    with pytest.raises(StartRefused) as refusal:
        prepare(replace(settings, http_host=host), command)
    assert str(refusal.value) == (
        f"Kolapp does not listen on {host} with throw-away keys: set KOLAPP_JWT_KEY_FILE, "
        "KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE, or try it in your own network with "
        "`kolapp serve --lan`."
    )
    assert list(tmp_path.iterdir()) == [], "refused before anything was made"


@pytest.mark.parametrize(
    "exposed", [{"media_control": "0.0.0.0:7001"}, {"hosts": ("10.0.0.1",)}, {"hosts": ()}]
)
def test_media_is_not_opened_either(settings, exposed):
    media = replace(settings.media, hosts=exposed.pop("hosts", ("127.0.0.1",)))
    opened = replace(settings, media=media, **exposed)
    with pytest.raises(StartRefused, match="throw-away keys"):
        prepare(opened, SERVE)
    with pytest.raises(StartRefused, match="without KOLAPP_CLUSTER_SECRET"):
        prepare(opened, MEDIA)
    assert prepare(replace(opened, cluster_secret=bytes(32)), MEDIA).cluster_secret == bytes(32)


def test_a_signalling_node_among_others_needs_what_they_share(real):
    opened = replace(real, http_host="10.0.0.1")
    with pytest.raises(StartRefused, match="without KOLAPP_CLUSTER_SECRET"):
        prepare(opened, SIGNALLING)
    opened = replace(opened, cluster_secret=bytes(32))
    with pytest.raises(StartRefused, match="without KOLAPP_IDENTITY_PEPPER"):
        prepare(opened, SIGNALLING)
    opened = replace(opened, identity_pepper=bytes(32))
    with pytest.raises(StartRefused, match="without KOLAPP_SEAL_KEYS"):
        prepare(opened, SIGNALLING)
    prepare(replace(opened, seal_keys=Path("/etc/kolapp/seal-keys")), SIGNALLING)


def test_seal_keys_are_made_once_and_can_be_read(settings):
    made = prepare(settings, SIGNALLING).seal_keys
    ring = KeyRing.parse(made.read_text())
    assert made.stat().st_mode & 0o777 == 0o600
    assert KeyRing.parse(prepare(settings, SERVE).seal_keys.read_text()) == ring


def test_real_keys_open_the_door(real):
    assert prepare(replace(real, http_host="0.0.0.0"), SERVE).http_host == "0.0.0.0"


def test_what_counts_as_this_machine():
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "localhost.example", "10.0.0.1", ""]))
