"""The Lua scripts of `lua/`, read from the package once and registered with a client once.

A file whose name starts with `_` is a prelude: it is put in front of every script of its folder,
so that keys, clock and records are spelled out once. Preludes declare local functions only.

Every script does its verb for one or more calls that came together: its text is the body of the
function that `_each.lua`, behind it, calls for each of them. So `ARGV` and `return` in it are those
of one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby

_LUA = files(__package__) / "lua"

# The order matters: each may use what the ones before it declare. Those of another folder are named
# with it.
PRELUDES = {
    "queue": (
        *("_keys", "_writes", "_names", "_meta", "_places", "_indexes", "_records", "_people"),
        *("_classes", "_fitting", "_heads", "_events", "_commit", "_words", "_steps", "_aside"),
        *("_connections", "_loss", "_calls", "_guests"),
    ),
    "clinician": ("_record",),
    "patient": ("_record",),
    "nodes": ("_leases",),
    "audit": ("every/_lease", "_writer"),
    "forecast": ("every/_lease", "_forecast"),
}

# In front of and behind every script.
FRONT, BEHIND = "every/_calls", "every/_each"

# Scripts of `both/`, for a server that has both records: the verbs they put together, each as a
# function of its folder's name.
BOTH = {
    "both/join": ("patient/enter", "queue/join"),
    "both/pull": ("clinician/lock", "clinician/unlock", "queue/pull"),
}


_SHARDED = ("local PUBLISH = 'PUBLISH'", "local PUBLISH = 'SPUBLISH'")


@cache
def sources(sharded: bool = False) -> dict[str, str]:
    """`folder/verb` -> the whole script, preludes in front. `sharded`: for a cluster."""
    found = {}
    for folder in (*PRELUDES, "both"):
        for file in (_LUA / folder).iterdir():
            name = file.name.removesuffix(".lua")
            if not name.startswith("_"):
                verb = f"{folder}/{name}"
                before = "".join(_parts(verb)) if folder == "both" else _prelude(folder)
                whole = f"{_text(FRONT)}{before}{_function('verb', verb)}{_text(BEHIND)}"
                found[verb] = whole.replace(*_SHARDED) if sharded else whole
    return found


def _parts(verb: str) -> Iterator[str]:
    """Each folder's names are its own: the preludes of two folders stand beside each other."""
    for folder, names in groupby(BOTH[verb], key=lambda name: name.partition("/")[0]):
        verbs = "".join(_function(f"verbs.{name.partition('/')[2]}", name) for name in names)
        inside = f"{_prelude(folder)}local verbs = {{}}\n{verbs}return verbs\n"
        yield f"local {folder} = (function()\n{inside}end)()\n"


def _function(name: str, verb: str) -> str:
    local = "" if "." in name else "local "
    return f"{local}function {name}(ARGV)\n{_text(verb)}end\n"


def _prelude(folder: str) -> str:
    names = PRELUDES[folder]
    return "".join(_text(name if "/" in name else f"{folder}/{name}") for name in names)


@cache  # a prelude is in every script of its folder
def _text(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text("utf-8")
