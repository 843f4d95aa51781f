import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
from kolapp_loadtest.bench.socketio import PeerMissing, installed
from kolapp_loadtest.bench_turn import main

BENCH = [sys.executable, "-P", "-m", "kolapp_signalling", "bench", "turn"]
STOP_S = 20.0


def test_a_short_run_writes_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shape and the bookkeeping; how fast it is depends on the machine and is no test."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    file = tmp_path / "turn.json"
    assert (
        main([*["--clients", "20", "--pulls-per-s", "10", "--duration", "1", "--json"], str(file)])
        == 0
    )
    report = json.loads(file.read_text())
    assert report["clients"] == 20
    assert report["pulls"] == report["turn_ms"]["n"] == report["floor_ms"]["n"] == 10
    for figures in (report["turn_ms"], report["floor_ms"], report["floor_script_ms"]):
        assert 0 < figures["p50"] <= figures["p99"] <= figures["max"]
    assert report["ratio_p50"] == round(report["turn_ms"]["p50"] / report["floor_ms"]["p50"], 2)
    assert {"signalling", "store", "media", "probes", "desk", "crowd 1"} <= report["cpu_s"].keys()
    assert report["turns_missing"] == 0
    assert report["front_fresh_ms"]["n"] > 0  # who waits further behind may hear after the end
    for where in ("front", "tail"):
        assert report[f"{where}_fresh_ms_p99"] == report[f"{where}_fresh_ms"].get("p99")
    assert 0 < report["fanout_core_share"] < 1
    assert report["bytes_per_client"] > 0
    assert report["machine"]["cpus"] >= 1
    assert report["versions"]["aiohttp"]
    assert report["socketio"] == {
        "missing": "Socket.IO needs Node.js and npm, which are not on the path"
    }
    assert "pull -> your turn" in (out := capsys.readouterr().out)
    assert "not measured: Socket.IO needs Node.js" in out


def test_a_peer_that_cannot_be_had_is_missing_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    npm.chmod(0o700)
    monkeypatch.setattr("shutil.which", lambda name: str(npm))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PeerMissing, match="could not be installed: no network"):
        installed()


@pytest.mark.parametrize(
    ("number", "moment"), [(signal.SIGINT, b"probes join"), (signal.SIGTERM, b"measuring")]
)
async def test_an_interrupted_run_stops_everything(number: signal.Signals, moment: bytes) -> None:
    """The leak check of every test finds what would stay: processes and data directories."""
    bench = await asyncio.create_subprocess_exec(
        *BENCH, "--clients", "10", "--pulls-per-s", "1", stderr=asyncio.subprocess.PIPE
    )
    assert bench.stderr is not None
    async with asyncio.timeout(30):
        while moment not in await bench.stderr.readline():
            pass
    bench.send_signal(number)
    async with asyncio.timeout(STOP_S):
        assert await bench.wait() == 130
    assert (await bench.stderr.read()).endswith(b"interrupted\n")


def test_a_server_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = ["--url", "http://127.0.0.1:9", "--store-url", "unix:///nowhere"]
    assert main(nowhere) == 1
    error = capsys.readouterr().err
    assert "Cannot connect to host 127.0.0.1:9" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("wrong", ["--pulls-per-s 0", "--clients -1", "--url http://127.0.0.1:9"])
def test_what_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(wrong.split())
    assert refused.value.code == 2
