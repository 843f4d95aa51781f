import json
import re
import subprocess
import sys

import jwt
import pytest
from kolapp_signalling import cli
from kolapp_signalling.setting_sources import settings_table
from processes import run_kolapp


def test_the_version_is_the_packages():
    done = run_kolapp("--version")
    assert (done.returncode, done.stdout) == (0, "kolapp 0.1.0\n")


@pytest.mark.parametrize("command", ["serve", "signalling", "media"])
def test_help_names_the_flags_and_where_the_rest_is(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert "--store-url" in told
    assert "docs/settings.md" in " ".join(told.split())


def test_flags_that_make_no_sense_are_not_taken(capsys):
    for command, flag in (("media", "--port"), ("signalling", "--lan"), ("serve", "--nonsense")):
        with pytest.raises(SystemExit) as end:
            cli.main([command, flag, "1"])
        assert end.value.code == 2


def test_a_bad_setting_is_one_sentence_and_exit_code_two():
    done = run_kolapp("serve", "--port", "70000")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--port is '70000'; it must be a whole number from 0 to 65535.\n"


def test_who_reads_no_further_than_the_first_line_sees_no_traceback():
    command = [sys.executable, "-m", "kolapp_signalling", "settings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (1, b"")


@pytest.mark.parametrize("role", ["signalling", "media"])
def test_a_node_alone_needs_a_store(role, tmp_path):
    done = run_kolapp(role, "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        f"`kolapp {role}` needs the store that all nodes share: name it with --store-url, or start "
        "everything at once with `kolapp serve`.\n"
    )


def test_a_store_that_is_not_there_is_one_sentence(tmp_path):
    url = f"unix://{tmp_path}/no.sock"
    hasty = {"KOLAPP_QUEUE_COMMAND_TIMEOUT_MS": "50"}
    where = ("--store-url", url, "--data-dir", str(tmp_path), "--port", "0")
    done = run_kolapp("signalling", *where, environment=hasty)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The store does not answer; is it running?\n"


def test_a_refusal_reaches_whoever_waits_for_readiness(tmp_path):
    told = tmp_path / "told"
    with told.open("w") as pipe:
        done = run_kolapp(
            "media", environment={"KOLAPP_READY_FD": str(pipe.fileno())}, keep=(pipe.fileno(),)
        )
    assert done.stderr == ""
    assert "needs the store" in json.loads(told.read_text())["refused"]


def test_a_token_for_trying_things_out(tmp_path):
    asked = ("token", "--role", "clinician", "--sub", "bo", "--data-dir", str(tmp_path))
    first, second = run_kolapp(*asked), run_kolapp(*asked)
    key = (tmp_path / "keys" / "demo-verify.pem").read_bytes()
    for done in (first, second):
        assert done.returncode == 0, done.stderr
        token = done.stdout.strip()
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="kolapp")
        assert (claims["sub"], claims["role"]) == ("bo", "clinician")


def test_no_token_beside_real_keys(tmp_path):
    environment = {
        "KOLAPP_JWT_KEY_FILE": "/k",
        "KOLAPP_JWT_ISSUER": "i",
        "KOLAPP_JWT_AUDIENCE": "a",
        "KOLAPP_DATA_DIR": str(tmp_path),
    }
    done = run_kolapp("token", "--role", "patient", "--sub", "x", environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Demo tokens are off because real keys are configured.\n"


def test_the_table_of_settings_can_be_printed(capsys):
    assert cli.main(["settings"]) == 0
    assert capsys.readouterr().out == settings_table()


def test_a_benchmark_must_be_named(capsys):
    assert cli.main(["bench"]) == 2
    assert re.match(
        r"usage: kolapp bench \{all,turn,[a-z,]+\} \[--help\]\n\Z", capsys.readouterr().err
    )
