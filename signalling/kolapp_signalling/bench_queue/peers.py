"""The job queues we are measured next to: which versions, how they get here, how they are run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import unquote, urlsplit

BULLMQ = ("bullmq@6.7.0", "ioredis@5.9.2")
SAQ = ("saq[redis,hiredis]==0.26.4", "uvloop==0.23.0")
INSTALL_S = 300.0


class PeerMissing(Exception):
    """Why this peer cannot be measured here, in one sentence."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A driver that can be started."""

    command: tuple[str, ...]
    environment: dict[str, str]


def default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kolapp" / "bench"


def ours(store_url: str) -> Peer:
    return Peer((sys.executable, "-P", "-m", f"{__package__}.ours", store_url), {})


def bullmq(cache: Path, store_url: str) -> Peer:
    """Raises PeerMissing without Node.js, npm or its packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PeerMissing("BullMQ needs Node.js and npm, which are not on the path")
    here = cache / _folder(BULLMQ)
    if not (here / "done").exists():
        here.mkdir(parents=True, exist_ok=True)
        (here / "package.json").write_text("{}")
        command = (npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *BULLMQ)
        _install("BullMQ", command, here)
    # A copy beside the packages: the one of a zipped wheel would not be a file.
    with as_file(files(__package__) / "bullmq.mjs") as driver:
        shutil.copyfile(driver, here / "bullmq.mjs")
    socket = unquote(urlsplit(store_url).path)
    return Peer((node, str(here / "bullmq.mjs"), str(here), socket), {})


def saq(cache: Path, store_url: str) -> Peer:
    """Raises PeerMissing without pip or its packages. It wants another redis-py than we do, so
    it gets a directory of its own in front of our packages."""
    here = cache / _folder(SAQ)
    if not (here / "done").exists():
        if importlib.util.find_spec("pip") is None:
            raise PeerMissing("SAQ is installed with pip, which this Python does not have")
        here.mkdir(parents=True, exist_ok=True)
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(here), *SAQ)
        _install("SAQ", pip, here)
    command = (sys.executable, "-P", "-m", f"{__package__}.saq_driver", store_url)
    paths = filter(None, (str(here), os.environ.get("PYTHONPATH")))
    return Peer(command, {"PYTHONPATH": os.pathsep.join(paths)})


def _folder(packages: Sequence[str]) -> str:
    return "-".join(name.replace("[redis,hiredis]", "").replace("==", "@") for name in packages)


def _install(name: str, command: Sequence[str], here: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=here, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissing(f"{name} could not be installed: {error}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PeerMissing(f"{name} could not be installed: {last}")
    (here / "done").touch()
