"""The documents say what the code does: tables, message names, examples, the JavaScript client."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from kolapp_signalling import (
    chat_messages,
    codes,
    desk_messages,
    guest_messages,
    messages,
    parts,
    relay_messages,
)
from kolapp_signalling.session_messages import Hello

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "signalling/kolapp_signalling/static"
CLIENT = {k.__struct_config__.tag: k for k in get_args(messages.AnyClientMessage)}
SERVER = {k.__struct_config__.tag: k for k in get_args(messages.AnyServerMessage)}
PROTOCOL = (ROOT / "PROTOCOL.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()


def test_generated_parts_are_current():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/docs.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("root", ["queue", "media", "signalling", "loadtest"])
def test_every_module_is_named_in_the_architecture(root):
    top = next((ROOT / root).glob("kolapp_*"))
    names = {path.relative_to(top).with_suffix("").as_posix() for path in top.rglob("*.py")}
    named = {name.removesuffix("/__init__") for name in names if name != "__init__"}
    table = ARCHITECTURE.split(f"<!-- generated: modules_{root} -->")[1].split("<!-- end -->")[0]
    rows = re.findall(r"^\| `([a-z_/]+)` \| (\S.*[.?]) \|$", table, re.M)
    assert sorted(name for name, _ in rows) == sorted(named)


def test_every_message_and_no_other_has_a_section():
    assert set(re.findall(r"^#### `([a-z_]+)`$", PROTOCOL, re.M)) == {*CLIENT, *SERVER}


def test_every_message_says_who_may_send_it():
    table = PROTOCOL.split("### Who may send what")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.M)
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(CLIENT)


@pytest.mark.parametrize("code", codes.ErrorCode)
def test_every_error_code_has_its_sentence(code):
    assert codes.ERROR_TEXT[code].endswith(".")
    assert f"| `{code.value}` | {codes.ERROR_TEXT[code]} |" in PROTOCOL


@pytest.mark.parametrize("code", codes.CloseCode)
def test_every_close_code_has_its_sentence(code):
    assert codes.CLOSE_TEXT[code].endswith(".")
    assert re.search(rf"^\| {code.value} \|", PROTOCOL, re.M)


def exported_list(source: str, name: str) -> list[str]:
    """The literal array that the JavaScript module exports under `name`."""
    body = re.search(rf"export const {name} = Object\.freeze\(\[(.*?)\]\)", source, re.S)
    assert body, f"kolapp.js exports no {name}"
    return re.findall(r"['\"](\w+)['\"]", body[1])


def typedef_fields(source: str, name: str) -> set[str]:
    """Fields of `@typedef {{field: type, ...}} Name`, without those of records inside it."""
    body = re.search(rf"@typedef {{{{((?:(?!@typedef).)*?)}}}} {name}\n", source, re.S)
    assert body, f"the JavaScript client has no typedef {name}"
    return set(re.findall(r"(\w+)\??:", body[1]))


def request_fields(source: str) -> dict[str, set[str]]:
    """What the JavaScript client sends with each request, beside `type` and `id`."""
    body = re.search(r"@typedef {{\n(.*?)\n \* }} Requests", source, re.S)
    assert body, "the JavaScript client has no typedef Requests"
    rows = re.findall(r"(\w+): \[{(.*?)}, ", body[1])
    return {name: set(re.findall(r"(\w+)\??:", fields)) for name, fields in rows}


def javascript() -> str:
    return "\n".join(path.read_text() for path in sorted(STATIC.rglob("*.js")))


def test_the_javascript_client_knows_the_same_messages():
    source = javascript()
    assert sorted(exported_list(source, "CLIENT_TYPES")) == sorted(CLIENT)
    assert sorted(exported_list(source, "SERVER_TYPES")) == sorted(SERVER)


@pytest.mark.parametrize(
    "kind",
    [
        messages.Welcome,
        messages.TicketSnapshot,
        desk_messages.DutySnapshot,
        messages.SdpAnswer,
        parts.NeedsOffered,
        parts.AskedNeeds,
        parts.PlaceInfo,
        parts.WaitRange,
        parts.ForecastRange,
        parts.CallInfo,
        parts.VisitInfo,
        parts.ParticipantInfo,
        parts.InvitedInfo,
        guest_messages.GuestSnapshot,
        guest_messages.Invited,
        parts.QueueLoad,
        parts.QueueInfo,
        messages.QueuesNow,
        desk_messages.BoardNow,
        desk_messages.IntakeText,
        chat_messages.SaidNow,
        relay_messages.RelayServer,
        relay_messages.RelaysNow,
        chat_messages.ChatLine,
        parts.BoardTicket,
        parts.HeldVisit,
    ],
)
def test_the_javascript_typedefs_have_the_same_fields(kind):
    ours = {f.encode_name for f in msgspec.structs.fields(kind)} - {"re"}
    theirs = typedef_fields(javascript(), kind.__name__) - {"re", "type"}
    assert theirs == ours


def test_the_javascript_error_has_the_same_fields():
    ours = {f.encode_name for f in msgspec.structs.fields(messages.Error)}
    assert typedef_fields(javascript(), "ServerError") - {"type"} == ours


def test_the_javascript_requests_have_the_same_fields():
    ours = {
        tag: {f.encode_name for f in msgspec.structs.fields(kind)} - {"id"}
        for tag, kind in CLIENT.items()
        if kind is not Hello  # said by the client itself, never by a page
    }
    assert request_fields(javascript()) == ours


def test_examples_in_the_protocol_are_valid_messages():
    examples = re.findall(r"```json\n(.*?)```", PROTOCOL, re.S)
    assert len(examples) >= 4
    for text in examples:
        message = json.loads(text)
        union = messages.AnyServerMessage if "re" in message else messages.AnyClientMessage
        msgspec.json.decode(text, type=union)


def test_every_test_that_the_security_page_names_exists():
    told = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text()))
    there = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert told, "or nothing is shown"
    assert told - set(re.findall(r"def (test_\w+)\(", there)) == set()


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("fault", [*range(5, 8), 10, 12, 16, 17, *range(20, 26)]),
        ("bad_input", [*range(1, 20), *range(28, 33)]),
    ],
)
def test_every_fault_and_bad_input_has_its_numbered_test_on_that_page(kind, numbers):
    told = (ROOT / "docs/security.md").read_text()
    assert [number for number in numbers if f"`test_{kind}_{number}_" not in told] == []
