"""The command line: what there is to say, and who does it. No logic.

Each command imports what it needs when it runs, so that the supervisor stays small and quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from .process import StartRefused, die_with_parent, report_refusal
from .queues_arguments import add_queues
from .roles import OF_TOKENS
from .setting_kinds import EVERYWHERE, MEDIA, SERVE, SIGNALLING, SettingsError
from .setting_sources import add_flags, load_settings, settings_table
from .settings import Settings
from .standby import SPARE, stand_by

SETTINGS_HELP = "Every setting is also an environment variable; all of them: docs/settings.md."


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 could not start or failed, 2 asked for wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    die_with_parent(os.environ)
    # The forecasts' matrices are small: threads of the linear algebra would only wait for each
    # other, in a node for longer than "your turn" may take. Children inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read, such as `head`, has enough; Python flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(given: list[str]) -> int:
    if given[:1] == ["bench"]:
        return _bench(given[1:])
    if given[:1] == ["loadtest"]:
        return _loadtest(given[1:])
    if given[:1] == ["eta"]:
        from .eta_command import main as eta

        return eta(given[1:])
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
        if name != SERVE:
            text = "load everything, then wait for `start` on standard input; for `kolapp serve`"
            command.add_argument(SPARE, action="store_true", help=text)
    token = commands.add_parser("token", help="print a demo token (no real keys configured)")
    token.add_argument("--role", required=True, choices=[role.value for role in OF_TOKENS])
    token.add_argument("--sub", required=True, metavar="SUBJECT", help="whose token it is")
    token.add_argument("--data-dir", help="data directory of the server that shall accept it")
    token.set_defaults(run=_token)
    add_queues(commands)
    _add_audit(commands)
    _add_erase(commands)
    backup = commands.add_parser("backup", help="copy the embedded store, also while it runs")
    backup.add_argument("target", type=Path, metavar="DIR", help="a directory that is not there")
    backup.add_argument("--data-dir", help="data directory of the server")
    backup.set_defaults(run=_backup)
    table = commands.add_parser("settings", help="print the table of all settings")
    table.set_defaults(run=_settings)
    commands.add_parser("eta", help="compare forecasts on a history: `eta backtest --help`")
    commands.add_parser("bench", help="measure: `bench all|turn|attacks|media|connect|queue|eta`")
    commands.add_parser("loadtest", help="live a whole day against it: `loadtest --help`")
    return parser


def _add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser("audit", help="export or verify the audit files")
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="print the events of some days, a line each")
    export.add_argument("--provider", required=True, help="whose events")
    for flag, text in (("--from", "first day"), ("--to", "last day")):
        export.add_argument(
            flag,
            dest=flag[2:] + "_day",
            required=True,
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help=f"{text}, UTC",
        )
    verify = actions.add_parser("verify", help="check that the files are whole and unchanged")
    verify.add_argument("directory", type=Path, metavar="DIR")
    verify.add_argument("--expect", default="", metavar="HASH", help="a last hash noted earlier")
    name = actions.add_parser("pseudonym", help="print the name of a person in the audit files")
    _add_person(name)
    for action in (export, name):
        action.add_argument("--data-dir", help="data directory of the server")
    audit.set_defaults(run=_audit)


def _add_erase(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    erase = commands.add_parser("erase", help="remove all that is personal of one patient")
    erase.add_argument("--provider", required=True, help="from whose queues")
    who = erase.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--patient", nargs=2, metavar=("ISSUER", "SUBJECT"), help="SUBJECT `-`: read from a pipe"
    )
    who.add_argument("--patient-key", help="the pseudonym, as in the audit files")
    erase.add_argument("--store-url", help="the store, if it is not the embedded one")
    erase.add_argument("--data-dir", help="data directory of the server")
    erase.set_defaults(run=_erase)


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("issuer", metavar="ISSUER", help="`iss` of the person's tokens")
    parser.add_argument("subject", metavar="SUBJECT", help="`sub`, or `-` to read it from a pipe")


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
    if chosen.spare and not stand_by(chosen.command):
        return 0
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


def _audit(chosen: argparse.Namespace) -> int:
    from . import audit_command

    if chosen.action == "verify":
        print(audit_command.verified(chosen.directory, chosen.expect))
        return 0
    settings = _keyed(chosen)
    if chosen.action == "pseudonym":
        print(audit_command.pseudonym(settings, chosen.issuer, _said(chosen.subject)))
        return 0
    days = (chosen.from_day, chosen.to_day)
    for line in audit_command.exported(settings, chosen.provider, *days):
        sys.stdout.buffer.write(line)
    return 0


def _erase(chosen: argparse.Namespace) -> int:
    from . import audit_command, erase_command

    settings, patient = _keyed(chosen), chosen.patient_key
    if chosen.patient:
        issuer, subject = chosen.patient
        patient = audit_command.pseudonym(settings, issuer, _said(subject))
    print(erase_command.erase(settings, chosen.provider, patient))
    return 0


def _backup(chosen: argparse.Namespace) -> int:
    from .backup_command import backed_up

    print(backed_up(load_settings(os.environ, chosen).data_dir, chosen.target))
    return 0


def _keyed(chosen: argparse.Namespace) -> Settings:
    """With the keys that the server of this data directory has."""
    from .development import prepare

    return prepare(load_settings(os.environ, chosen), SIGNALLING)


def _said(subject: str) -> str:
    # A command line can be read by everybody on the machine.
    return sys.stdin.readline().strip() if subject == "-" else subject


def _loadtest(arguments: list[str]) -> int:
    # As below: reached by name, so that nothing of ours imports the load generator.
    from importlib import import_module

    return int(import_module("kolapp_loadtest.load.command").main(arguments))


def _bench(arguments: list[str]) -> int:
    # The load generator speaks the public protocol only; nothing else of ours may import it.
    from importlib import import_module

    benches = {
        "all": "kolapp_loadtest.bench_all",
        "turn": "kolapp_loadtest.bench_turn",
        "attacks": "kolapp_loadtest.bench_attacks",
        "media": "kolapp_loadtest.bench_media",
        "connect": "kolapp_loadtest.bench_connect",
        "queue": f"{__package__}.bench_queue.command",
        "eta": f"{__package__}.bench_eta",
    }
    if not arguments or arguments[0] not in benches:
        print(f"usage: kolapp bench {{{','.join(benches)}}} [--help]", file=sys.stderr)
        return 2
    return int(import_module(benches[arguments[0]]).main(arguments[1:]) or 0)
