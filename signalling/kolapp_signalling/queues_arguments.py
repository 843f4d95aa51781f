"""`kolapp queues ...`: what can be said on the command line, and who does it. No logic."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TypeAlias

from .setting_kinds import SIGNALLING
from .setting_sources import load_settings
from .settings import Settings

Actions: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_queues(commands: Actions) -> None:
    queues = commands.add_parser("queues", help="check, show, reload, close or reopen the queues")
    actions = queues.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a file of queues; say all that is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE", help="TOML, see docs/queues.md")
    check.set_defaults(run=_check)
    show = actions.add_parser("show", help="every queue as it stands now")
    show.set_defaults(run=_show)
    reload = actions.add_parser("reload", help="make a file's queues those of all nodes")
    reload.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="else that of KOLAPP_QUEUES_FILE"
    )
    reload.set_defaults(run=_reload)
    for action in (show, reload, *_add_orders(actions)):
        action.add_argument("--store-url", help="the store, if it is not the embedded one")
        action.add_argument("--data-dir", help="data directory of the running server")


def _add_orders(actions: Actions) -> tuple[argparse.ArgumentParser, ...]:
    notice = actions.add_parser("notice", help="say a word to everybody who waits")
    close = actions.add_parser("close", help="draw no numbers; who waits is told, and served")
    reopen = actions.add_parser("reopen", help="take an early closing back")
    for action in (notice, close, reopen):
        action.add_argument("target", metavar="PROVIDER/QUEUE")
    word = notice.add_mutually_exclusive_group(required=True)
    word.add_argument("word", nargs="?", default="", metavar="WORD", help="what they read")
    word.add_argument("--none", action="store_true", help="take the last word back")
    notice.set_defaults(run=_notice)
    end = close.add_mutually_exclusive_group()
    end.add_argument("--until", default="", metavar="TIME", help="17:00, or 2027-01-15T08:00")
    end.add_argument(
        "--rest-of-day", action="store_true", help="until its hours open the next time"
    )
    close.add_argument("--word", default="", metavar="WORD", help="to everybody who waits")
    close.set_defaults(run=_close)
    reopen.set_defaults(run=_reopen)
    return notice, close, reopen


def _check(chosen: argparse.Namespace) -> int:
    from .queues_command import check

    print(check(chosen.file))
    return 0


def _show(chosen: argparse.Namespace) -> int:
    from .queues_command import show

    print(show(load_settings(os.environ, chosen)))
    return 0


def _reload(chosen: argparse.Namespace) -> int:
    from .queues_command import reload

    print(reload(load_settings(os.environ, chosen), chosen.file))
    return 0


def _notice(chosen: argparse.Namespace) -> int:
    from .operator_command import notice

    print(notice(_keyed(chosen), chosen.target, chosen.word))
    return 0


def _close(chosen: argparse.Namespace) -> int:
    from .operator_command import close

    print(close(_keyed(chosen), chosen.target, chosen.until, chosen.rest_of_day, chosen.word))
    return 0


def _reopen(chosen: argparse.Namespace) -> int:
    from .operator_command import reopen

    print(reopen(_keyed(chosen), chosen.target))
    return 0


def _keyed(chosen: argparse.Namespace) -> Settings:
    """With the keys that the server of this data directory has."""
    from .development import prepare

    return prepare(load_settings(os.environ, chosen), SIGNALLING)
