"""Write the generated parts of the documents from the code, or check that they are current.

A document marks such a part with `<!-- generated: NAME -->` and `<!-- end -->`; everything
between is replaced. `python scripts/docs.py` writes, `--check` fails when anything differs.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from kolapp_queue import policy_file
from kolapp_queue.states import ENDED, STEPS, VisitState
from kolapp_signalling import (
    codes,
    guest_messages,
    guest_rest,
    messages,
    operator_messages,
    operator_rest,
    parts,
    rest,
    setting_sources,
    signal_messages,
)

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("queue", "media", "signalling", "loadtest")
PART = re.compile(r"(<!-- generated: ([a-z_]+) -->\n).*?(<!-- end -->)", re.S)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def type_name(kind: Any) -> str:
    """The wire type in a reader's words: `text`, `whole number`, `list of ...`."""
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(type_name(k) for k in get_args(kind) if k is not NoneType)
    if hasattr(kind, "__metadata__"):
        return type_name(kind.__origin__) + limits(kind)
    if get_origin(kind) is list:
        return f"list of {type_name(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "map"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(kind))
    plain = {str: "text", int: "whole number", bool: "true or false", datetime: "time (RFC 3339)"}
    return plain.get(kind, f"`{kind.__name__}`")


def limits(kind: Any) -> str:
    meta = kind.__metadata__[0]
    said = []
    if meta.pattern:
        said.append(f"`{meta.pattern}`")
    if meta.ge is not None:
        said.append(f"{meta.ge} to {meta.le}")
    if meta.max_length is not None:
        said.append(f"{meta.min_length or 0} to {meta.max_length:,} long")
    return f" ({', '.join(said)})" if said else ""


def sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def fields(kind: type[msgspec.Struct]) -> str:
    hints = get_type_hints(kind, include_extras=True)
    tag = kind.__struct_config__
    rows = [("`kind`", f"`{tag.tag}`", "yes")] if tag.tag_field == "kind" else []
    rows += [
        (f"`{f.encode_name}`", type_name(hints[f.name]), "yes" if f.required else "no")
        for f in msgspec.structs.fields(kind)
        if f.name != "re" and not (f.name == "id" and issubclass(kind, parts.ClientMessage))
    ]
    return table(("field", "type", "always there"), rows) if rows else "No further fields.\n"


def message_sections(union: Any) -> str:
    parts = []
    for kind in get_args(union):
        tag = kind.__struct_config__.tag
        parts.append(f"#### `{tag}`\n\n{sentence(kind)}\n\n{fields(kind)}")
    return "\n".join(parts)


def records(kinds: Iterable[type[msgspec.Struct]]) -> str:
    return "\n".join(f"#### `{k.__name__}`\n\n{sentence(k)}\n\n{fields(k)}" for k in kinds)


def of_messages() -> str:
    kinds = (
        parts.QueueInfo,
        parts.NeedsOffered,
        parts.AskedNeeds,
        parts.PlaceInfo,
        parts.WaitRange,
        parts.CallInfo,
        parts.VisitInfo,
        parts.ParticipantInfo,
        parts.InvitedInfo,
        parts.LegInfo,
        parts.FlowInfo,
        parts.QueueLoad,
        parts.BoardTicket,
        parts.HeldVisit,
        *get_args(signal_messages.AnyWord),
    )
    return records(kinds)


def of_operators() -> str:
    kinds = (
        operator_messages.NoticeOrder,
        operator_messages.ClosingOrder,
        operator_messages.QueueStatuses,
        operator_messages.QueueStatus,
        operator_messages.NoticeSaid,
        operator_messages.ClosingSaid,
        guest_messages.InvitationOrder,
        guest_messages.InvitationMade,
        guest_messages.GuestRemoved,
        guest_messages.CodeShown,
        guest_messages.GuestPassGiven,
        operator_messages.Problem,
    )
    return records(kinds)


def operations() -> str:
    rows = [
        (
            f"`{each.method} {rest.PREFIX}{each.path}`",
            each.role.value if each.role else "",
            f"`{each.body.__name__}`" if each.body else "",
            f"`{each.answer.__name__}`",
            each.text,
        )
        for each in (*operator_rest.OPERATIONS, *guest_rest.OPERATIONS)
    ]
    return table(("operation", "role", "body", "answer", "what it does"), rows)


def problems() -> str:
    rows = [(str(status.value), f"`{code.value}`") for code, status in rest.STATUS.items()]
    return table(("status", "code"), rows)


def modules(root: str) -> str:
    """Every module of a package with the first sentence of its docstring."""
    top = next((ROOT / root).glob("kolapp_*"))
    rows = []
    for path in sorted(top.rglob("*.py"), key=lambda path: (len(path.parts), path)):
        name = path.relative_to(top).with_suffix("").as_posix().removesuffix("/__init__")
        if name != "__init__":
            rows.append((f"`{name}`", responsibility(path)))
    return table(("module", "its one responsibility"), rows)


def responsibility(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = " ".join(text.split("\n\n")[0].split())
    if not first:
        raise SystemExit(f"{path} does not say what it is for")
    return re.split(r"(?<=[^A-Z][.?])\s", first)[0]


def diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    for step in STEPS:
        before = step.before.value if step.before else "[*]"
        line = f"    {before} --> {step.after.value}: {step.name} ({step.cause.value})"
        lines.append(line)
    lines += [f"    {state.value} --> [*]" for state in sorted(ENDED)]
    return "\n".join([*lines, "```", ""])


def steps() -> str:
    rows = [
        (s.name, s.before.value if s.before else "", s.after.value, s.cause.value, s.told)
        for s in STEPS
    ]
    return table(("step", "from", "to", "caused by", "who gets a new snapshot"), rows)


def errors() -> str:
    rows = [(f"`{code.value}`", codes.ERROR_TEXT[code]) for code in codes.ErrorCode]
    return table(("code", "what it means and what to do"), rows)


def closes() -> str:
    rows = []
    for code in codes.CloseCode:
        again = "yes" if code < 2000 or code < 4500 else "no"
        again = "no" if code < 4_000 and code != codes.CloseCode.GOING_AWAY else again
        rows.append((str(code.value), code.name.lower(), again, codes.CLOSE_TEXT[code]))
    return table(("code", "name", "connect again", "when"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "client_messages": lambda: message_sections(messages.AnyClientMessage),
    "server_messages": lambda: message_sections(messages.AnyServerMessage),
    "records": of_messages,
    "operations": operations,
    "operator_records": of_operators,
    "problems": problems,
    **{f"modules_{root}": partial(modules, root) for root in SOURCE_ROOTS},
    "ticket_diagram": diagram,
    "ticket_steps": steps,
    "visit_states": lambda: ", ".join(f"`{s.value}`" for s in VisitState) + ".\n",
    "errors": errors,
    "close_codes": closes,
    "queue_keys": policy_file.keys_table,
}


def renew(text: str) -> str:
    return PART.sub(lambda m: m[1] + PARTS[m[2]]() + m[3], text)


# Each document from the text it has now; docs/settings.md is made as a whole.
DOCUMENTS: dict[str, Callable[[str], str]] = {
    "ARCHITECTURE.md": renew,
    "PROTOCOL.md": renew,
    "docs/queues.md": renew,
    "docs/settings.md": lambda _: setting_sources.settings_table(),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if not current")
    check = parser.parse_args().check
    stale = []
    for name, write in DOCUMENTS.items():
        path = ROOT / name
        text = path.read_text()
        fresh = write(text)
        if fresh != text:
            stale.append(name)
            if not check:
                path.write_text(fresh)
    if stale and check:
        sys.stderr.write(f"Not current: {', '.join(stale)}. Run `make docs`.\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
