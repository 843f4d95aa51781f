"""The load of the media benchmark: pion's WebRTC (Go), and what it replays.

pion/main.go is built from Debian's packages (golang-go, golang-github-pion-webrtc.v3-dev), once:
the program is kept in the user's cache directory, named after its source.
"""

from __future__ import annotations

import asyncio
import fractions
import hashlib
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
from av import AudioFrame, VideoFrame
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from ..errors import BenchFailed
from .worker import Worker

SOURCE = Path(__file__).parent / "pion" / "main.go"
LIBRARIES = Path("/usr/share/gocode")
NEEDED = "apt-get install golang-go golang-github-pion-webrtc.v3-dev"
WIDTH, HEIGHT, RATE, BITS = 640, 480, 30, 1_000_000
PICTURES = 60
SOUNDS, SAMPLES, SAMPLE_RATE = 100, 960, 48_000
SETUP_S = 30.0


async def build() -> Path:
    """The program; raises BenchFailed when it cannot be made."""
    source = SOURCE.read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kolapp-bench"
    program = cache / f"pion-{hashlib.sha256(source).hexdigest()[:16]}"
    if program.exists():
        return program
    if shutil.which("go") is None or not (LIBRARIES / "src/github.com/pion/webrtc").exists():
        raise BenchFailed(f"the load peer cannot be built; first: {NEEDED}")
    work = cache / "src" / "kolapp_pion"
    work.mkdir(parents=True, exist_ok=True)
    (work / "main.go").write_bytes(source)
    (work / "go.mod").write_text("module kolapp_pion\n")  # lets import paths end in /v3
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": f"{cache}:{LIBRARIES}",
        "GOCACHE": str(cache / "go"),
        "GOFLAGS": "",
    }
    building = await asyncio.create_subprocess_exec(
        "go", "build", "-o", str(program), ".", cwd=work, env=environment
    )
    if await building.wait():
        raise BenchFailed("the load peer could not be built")
    return program


class Pion(Worker):
    """`async with Pion(await build()) as pion: sdp = await pion.offer("leg")`"""

    def __init__(self, program: Path) -> None:
        super().__init__("pion")
        self._command = (str(program),)  # in place of a Python module
        self.ports: dict[str, int] = {}  # of who is at the other end, by leg

    async def record(self, directory: Path) -> None:
        video, audio = str(directory / "video"), str(directory / "audio")
        await self.call("record", SETUP_S, video=video, audio=audio)

    async def offer(self, leg: str) -> str:
        return str(await self.call("offer", SETUP_S, leg=leg))

    async def answer(self, leg: str, sdp: str) -> str:
        self.ports[leg] = port_of(sdp)
        return str(await self.call("answer", SETUP_S, leg=leg, sdp=sdp))

    async def accept(self, leg: str, sdp: str) -> None:
        self.ports[leg] = port_of(sdp)
        await self.call("accept", SETUP_S, leg=leg, sdp=sdp)

    async def connected(self, leg: str) -> None:
        await self.call("connected", SETUP_S, leg=leg)

    async def send(self, leg: str) -> None:
        await self.call("send", SETUP_S, leg=leg)

    async def storm(self, leg: str, kind: str, per_s: float, seconds: float) -> int:
        """Ask for so many key frames (`key_frames`) or packets again (`losses`); how many."""
        found = await self.call(
            "storm", SETUP_S + seconds, leg=leg, kind=kind, rate=per_s, seconds=seconds
        )
        return int(found)

    async def close_leg(self, leg: str) -> None:
        await self.call("close", SETUP_S, leg=leg)

    async def figures(self) -> dict[str, Any]:
        """What was sent and came since the last time."""
        found: dict[str, Any] = await self.call("figures", SETUP_S)
        return found


def port_of(sdp: str) -> int:
    line = next(each for each in sdp.splitlines() if each.startswith("a=candidate"))
    return int(line.split()[5])


def record(directory: Path) -> None:
    """Two seconds of a restless picture (VP8) and a tone (Opus), as files of encoded frames."""
    _write(directory / "video", _pictures())
    _write(directory / "audio", _sounds())


def _write(path: Path, frames: list[bytes]) -> None:
    path.write_bytes(b"".join(struct.pack("!I", len(each)) + each for each in frames))


def _pictures() -> list[bytes]:
    chance = np.random.default_rng(1)
    codec = VideoCodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base = fractions.Fraction(1, RATE)
    codec.framerate = fractions.Fraction(RATE)
    codec.bit_rate = BITS
    bits = str(BITS)
    codec.options = {
        "deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "minrate": bits,
        "maxrate": bits, "bufsize": str(BITS // 2), "g": str(PICTURES), "keyint_min": str(PICTURES),
    }  # fmt: skip
    noise = chance.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
    found = []
    for number in range(PICTURES):
        image = np.roll(noise, number * 4, axis=1) // 4 + np.uint8(96)
        left = number * 10 % (WIDTH - 40)
        image[:, left : left + 40] = chance.integers(0, 255, (HEIGHT, 40), dtype=np.uint8)
        frame = VideoFrame.from_ndarray(np.stack([image] * 3, axis=2), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts = number
        found += [bytes(each) for each in codec.encode(frame)]
    return found


def _sounds() -> list[bytes]:
    codec = AudioCodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "stereo", "s16"
    codec.bit_rate = 32_000
    found = []
    for number in range(SOUNDS):
        at = np.arange(number * SAMPLES, (number + 1) * SAMPLES)
        wave = (8_000 * np.sin(2 * np.pi * 440 * at / SAMPLE_RATE)).astype(np.int16)
        frame = AudioFrame.from_ndarray(
            np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = number * SAMPLES
        found += [bytes(each) for each in codec.encode(frame)]
    return found
