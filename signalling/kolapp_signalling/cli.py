"""The command line: what there is to say, and who does it. No logic.

Each command imports what it needs when it runs, so that the supervisor stays small and quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .process import StartRefused, die_with_parent, report_refusal
from .setting_kinds import EVERYWHERE, MEDIA, SERVE, SIGNALLING, SettingsError
from .setting_sources import add_flags, load_settings, settings_table
from .settings import Settings

SETTINGS_HELP = "Every setting is also an environment variable; all of them: docs/settings.md."


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 could not start or failed, 2 asked for wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    die_with_parent(os.environ)
    if given[:1] == ["bench"]:
        return _bench(given[1:])
    chosen = _parser().parse_args(given)
    try:
        return int(chosen.run(chosen))
    except SettingsError as error:
        report_refusal(str(error))
        return 2
    except StartRefused as error:
        report_refusal(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kolapp", description="Drop-in queue, signalling and video for consultations."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sentences = {
        SERVE: "start everything: store, signalling node and media node",
        SIGNALLING: "start one signalling node",
        MEDIA: "start one media node",
    }
    for name in EVERYWHERE:
        command = commands.add_parser(name, help=sentences[name], epilog=SETTINGS_HELP)
        add_flags(command, name)
        command.set_defaults(run=_serve if name == SERVE else _node)
    token = commands.add_parser("token", help="print a demo token (no real keys configured)")
    token.add_argument("--role", required=True, choices=("patient", "clinician"))
    token.add_argument("--sub", required=True, metavar="SUBJECT", help="whose token it is")
    token.add_argument("--data-dir", help="data directory of the server that shall accept it")
    token.set_defaults(run=_token)
    _add_queues(commands)
    table = commands.add_parser("settings", help="print the table of all settings")
    table.set_defaults(run=_settings)
    commands.add_parser("bench", help="measure a running server: `kolapp bench turn --help`")
    return parser


def _add_queues(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    queues = commands.add_parser("queues", help="check, show or reload the queues")
    actions = queues.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a file of queues; say all that is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE", help="TOML, see docs/queues.md")
    show = actions.add_parser("show", help="every queue as it stands now")
    reload = actions.add_parser("reload", help="make a file's queues those of all nodes")
    reload.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="else that of KOLAPP_QUEUES_FILE"
    )
    for action in (show, reload):
        action.add_argument("--store-url", help="the store, if it is not the embedded one")
        action.add_argument("--data-dir", help="data directory of the running server")
    queues.set_defaults(run=_queues)


class _Version(argparse.Action):
    """argparse's own would read the package's metadata at every start, not only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib.metadata import version

        print(f"kolapp {version('kolapp')}")
        parser.exit()


def _serve(chosen: argparse.Namespace) -> int:
    from .supervisor import serve

    return serve(_prepared(chosen, SERVE), os.environ)


def _node(chosen: argparse.Namespace) -> int:
    from .node import run_node

    return run_node(chosen.command, _prepared(chosen, chosen.command))


def _prepared(chosen: argparse.Namespace, command: str) -> Settings:
    from .development import prepare

    settings = load_settings(os.environ, chosen)
    if settings.lan and command == SERVE:
        from .lan import open_to_lan

        settings = open_to_lan(settings, datetime.now(UTC))
    return prepare(settings, command)


def _token(chosen: argparse.Namespace) -> int:
    from .development import demo_token, prepare

    settings = prepare(load_settings(os.environ, chosen), SIGNALLING)
    print(demo_token(settings, chosen.role, chosen.sub))
    return 0


def _settings(chosen: argparse.Namespace) -> int:
    print(settings_table(), end="")
    return 0


def _queues(chosen: argparse.Namespace) -> int:
    from . import queues_command

    if chosen.action == "check":
        print(queues_command.check(chosen.file))
        return 0
    settings = load_settings(os.environ, chosen)
    if chosen.action == "show":
        print(queues_command.show(settings))
    else:
        print(queues_command.reload(settings, chosen.file))
    return 0


def _bench(arguments: list[str]) -> int:
    # The load generator speaks the public protocol only; nothing else of ours may import it.
    from importlib import import_module

    if arguments[:1] != ["turn"]:
        print("usage: kolapp bench turn [--help]", file=sys.stderr)
        return 2
    return int(import_module("kolapp_loadtest.bench_turn").main(arguments[1:]) or 0)
