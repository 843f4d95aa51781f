"""The Lua scripts of `lua/`, read from the package once and registered with a client once.

A file whose name starts with `_` is a prelude: it is put in front of every script of its folder,
so that keys, clock and records are spelled out once. Preludes declare local functions only.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

# The order matters: each may use what the ones before it declare.
PRELUDES = {
    "queue": (
        *("_keys", "_records", "_places", "_classes", "_heads", "_events", "_commit"),
        *("_words", "_steps", "_aside", "_connections", "_loss", "_calls"),
    ),
    "clinician": ("_record",),
    "patient": ("_record",),
    "nodes": ("_leases",),
    "audit": ("_writer",),
}


_SHARDED = ("local PUBLISH = 'PUBLISH'", "local PUBLISH = 'SPUBLISH'")


@cache
def sources(sharded: bool = False) -> dict[str, str]:
    """`folder/verb` -> the whole script, preludes in front. `sharded`: for a cluster."""
    found: dict[str, str] = {}
    for folder, preludes in PRELUDES.items():
        directory = files(__package__) / "lua" / folder
        prelude = "".join((directory / f"{name}.lua").read_text("utf-8") for name in preludes)
        for file in directory.iterdir():
            if file.name.endswith(".lua") and not file.name.startswith("_"):
                verb = f"{folder}/{file.name.removesuffix('.lua')}"
                whole = prelude + file.read_text("utf-8")
                found[verb] = whole.replace(*_SHARDED) if sharded else whole
    return found
