"""Settings from environment and flags, to the environment of a child, and as a table for people.

Nothing else in Kolapp reads the environment.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from .composed_settings import COMPOSED
from .setting_kinds import Declared, Kind, SettingsError
from .settings import Settings

PREFIX = "KOLAPP_"
# Variables with our prefix that are no settings: between our own processes, and of the tests.
NOT_SETTINGS = frozenset({"KOLAPP_READY_FD", "KOLAPP_PARENT_PID", "KOLAPP_CHROMIUM"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: `group` is "" or the name of the composed settings it belongs to."""

    group: str
    name: str
    default: Any
    declared: Declared

    @property
    def variable(self) -> str:
        return PREFIX + "_".join(filter(None, (self.group, self.name))).upper()

    @property
    def argument(self) -> str:
        return self.declared.flag.removeprefix("--").replace("-", "_")

    def shown_default(self) -> str:
        return str(self.declared.kind.show(self.default))


def _refuse(text: str) -> object:
    raise ValueError


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


# A setting of a lower package that COMPOSED does not tell about yet: a test refuses it, a running
# server goes on with its default.
_UNTOLD = Declared(Kind("left unset", _refuse, str), "")


def entries() -> tuple[Entry, ...]:
    """All settings, in the order of their declaration."""
    found: list[Entry] = []
    for item in fields(Settings):
        if item.name in COMPOSED:
            told = COMPOSED[item.name]
            found += (
                Entry(item.name, inner.name, _default(inner), told.get(inner.name, _UNTOLD))
                for inner in fields(_default(item))
            )
        else:
            found.append(Entry("", item.name, item.default, item.metadata["declared"]))
    return tuple(found)


def load_settings(
    environment: Mapping[str, str], arguments: argparse.Namespace | None = None
) -> Settings:
    """Flags win over the environment, the environment over defaults.

    Raises SettingsError for the first value that cannot be used, and for a KOLAPP_ variable
    that is no setting (a misspelt one would otherwise be ignored in silence).
    """
    known = entries()
    _refuse_unknown(environment, known)
    values: dict[str, dict[str, Any]] = {"": {}}
    for entry in known:
        name, text = _given(entry, environment, arguments)
        if text is not None:
            values.setdefault(entry.group, {})[entry.name] = _parse(entry, name, text)
    top = values.pop("")
    for group, inner in values.items():
        top[group] = type(getattr(Settings(), group))(**inner)
    settings = Settings(**top)
    _check_together(settings)
    return settings


def _given(
    entry: Entry, environment: Mapping[str, str], arguments: argparse.Namespace | None
) -> tuple[str, str | None]:
    text = getattr(arguments, entry.argument, None) if entry.argument else None
    if text is not None:
        return entry.declared.flag, text
    return entry.variable, environment.get(entry.variable)


def _parse(entry: Entry, name: str, text: str) -> Any:
    kind = entry.declared.kind
    try:
        return kind.parse(text)
    except ValueError:
        shown = "(hidden)" if kind.secret else text
        raise SettingsError(name, shown, kind.allowed) from None


def _refuse_unknown(environment: Mapping[str, str], known: Iterable[Entry]) -> None:
    names = {entry.variable for entry in known}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in names | NOT_SETTINGS:
            near = difflib.get_close_matches(name, names, n=1) or ["a name of docs/settings.md"]
            raise SettingsError("A variable's name", name, near[0])


def _check_together(settings: Settings) -> None:
    if settings.tls_cert and not settings.tls_key:
        raise SettingsError(
            "KOLAPP_TLS_CERT", str(settings.tls_cert), "set together with KOLAPP_TLS_KEY"
        )
    if settings.jwt_key_file and not (settings.jwt_issuer and settings.jwt_audience):
        raise SettingsError(
            "KOLAPP_JWT_KEY_FILE",
            str(settings.jwt_key_file),
            "set together with KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE",
        )


_SHOWN_AS = {"--queue": "NAME=TITLE", "--media-ports": "FIRST-LAST"}


def add_flags(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of one command. Values stay text: `load_settings` parses and checks them."""
    for entry in entries():
        declared = entry.declared
        if not declared.flag or command not in declared.on:
            continue
        text = declared.text.replace("%", "%%")
        if isinstance(entry.default, bool):
            parser.add_argument(declared.flag, action="store_const", const="yes", help=text)
        elif isinstance(entry.default, tuple):
            joiner = ";" if entry.name == "queues" else ","
            metavar = _SHOWN_AS.get(declared.flag, "ADDRESS")
            parser.add_argument(
                declared.flag, action=_Joined, joiner=joiner, metavar=metavar, help=text
            )
        else:
            parser.add_argument(
                declared.flag, metavar="VALUE", help=f"{text} [{entry.shown_default() or 'empty'}]"
            )


class _Joined(argparse.Action):
    """A flag that may be repeated: its values are joined as the variable would hold them."""

    def __init__(self, *args: Any, joiner: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.joiner = joiner

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, values if before is None else before + self.joiner + values)


def to_environment(settings: Settings) -> dict[str, str]:
    """What a child's environment must hold to load the same settings."""
    found = {}
    for entry in entries():
        holder = getattr(settings, entry.group) if entry.group else settings
        value = getattr(holder, entry.name)
        if value != entry.default:
            found[entry.variable] = str(entry.declared.kind.show(value))
    return found


def settings_table() -> str:
    """docs/settings.md, whole."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable; some have a flag, which wins. A value that",
        "cannot be used is refused in one sentence, and so is a variable that begins with",
        "`KOLAPP_` and is none of these. `make docs` writes this page from `settings.py`.",
        "",
        "| variable | flag | default | it must be | what it is |",
        "|---|---|---|---|---|",
    ]
    for entry in entries():
        declared = entry.declared
        flag = f"`{declared.flag}`" if declared.flag else ""
        default = f"`{entry.shown_default()}`" if entry.shown_default() else "empty"
        row = (f"`{entry.variable}`", flag, default, declared.kind.allowed, declared.text)
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"
