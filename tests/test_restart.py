"""`kolapp serve` as its operator sees it: what dies comes back, what is stopped leaves nothing.

That the queue is the same afterwards is told in tests/story/test_kill_story.py.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from kolapp_signalling.lan import lan_address
from kolapp_signalling.process import StartRefused
from processes import Serve, busy_machine, run_kolapp, serving, started
from story import QUEUE, town_of

ROLES = ("signalling", "media", "store")
SPARED = ("signalling", "media")
SPARES = {"KOLAPP_SPARES": "yes", "KOLAPP_SPARE_DELAY_MS": "0", "KOLAPP_RESTART_DELAY_MS": "1"}
DIALLED = "A media node is connected."
PROMISE_MS = 1_000
# What else this machine does can take a second from anybody, but hardly three times in a row;
# without spares all three are late.
TRIES = 3
END_S = 10.0


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with serving(tmp_path_factory.mktemp("data"), environment=SPARES) as serve:
        yield serve


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def wait_gone(pids: list[int]) -> None:
    """Until none of these processes runs any more, by the kernel's own word."""
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        gone = select.select([watch], [], [], END_S)[0]
        os.close(watch)
        assert gone, f"process {pid} outlived its server"


@pytest.mark.parametrize("beside", [busy_machine, nullcontext], ids=["busy", "quiet"])
@pytest.mark.parametrize("role", ROLES)
def test_a_killed_process_is_back_within_a_second(
    serve: Serve, role: str, beside: Callable[[], AbstractContextManager[None]]
) -> None:
    took = []
    while len(took) < TRIES and min(took, default=PROMISE_MS + 1) > PROMISE_MS:
        serve.wait_spare(*SPARED)
        before = serve.pid_of(role)
        with beside():
            took.append(back_ms(serve, role))
        assert serve.pid_of(role) != before
        asyncio.run(draw_a_number(serve.url))
    assert min(took) <= PROMISE_MS, took


def back_ms(serve: Serve, role: str) -> float:
    """From its killing until others get from it what they came for."""
    token = asyncio.run(token_of(serve.url))
    dials = serve.output().count(DIALLED)
    began = time.monotonic()
    serve.kill(role)
    serve.wait_back(role)
    if role == "media":
        wait_until(lambda: serve.output().count(DIALLED) > dials)
    else:
        wait_until(lambda: is_ready(serve.url))
    if role == "signalling":
        asyncio.run(greet(serve.url, token))
    return 1_000 * (time.monotonic() - began)


async def token_of(url: str) -> str:
    async with town_of(url) as town:
        return await town.token("patient")


async def greet(url: str, token: str) -> None:
    """A patient connects and is welcome."""
    async with town_of(url) as town, town.patient(token):
        pass


async def draw_a_number(url: str) -> None:
    async with town_of(url) as town, town.patient() as patient:
        await patient.join(QUEUE)


def is_ready(url: str) -> bool:
    try:
        return bool(urlopen(f"{url}/readyz", timeout=END_S).status == 200)
    except HTTPError:
        return False  # the port is the same; the node has not found the store again


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + END_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_spare_waits_with_nothing_open(serve: Serve) -> None:
    serve.wait_spare(*SPARED)
    roles = serve.children()
    for role in SPARED:
        [pid] = [pid for pid, what in roles.items() if what == f"{role} spare"]
        held = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
        assert [name for name in held if name.startswith("socket:")] == []
        assert not [name for name in held if "/data" in name]


def test_a_spare_that_dies_is_loaded_anew(serve: Serve) -> None:
    serve.wait_spare("media")
    before = serve.pid_of("media")
    serve.kill("media spare")
    assert serve.next_event() == {"spare_died": "media"}
    serve.wait_spare("media")
    assert "The spare media process died: it was ended by SIGKILL." in serve.output()
    assert serve.pid_of("media") == before


def test_who_dies_while_its_spare_loads_is_started_from_cold(serve: Serve) -> None:
    serve.wait_spare("media")
    serve.kill("media")
    serve.wait_back("media")
    wait_until(lambda: "media spare" in serve.children().values())
    spare = serve.pid_of("media spare")
    os.kill(spare, signal.SIGSTOP)  # it will not have loaded
    serve.kill("media")
    serve.wait_back("media")
    assert serve.pid_of("media spare") == spare
    os.kill(spare, signal.SIGCONT)
    serve.wait_spare("media")


def test_who_cannot_start_again_says_why_and_tries_until_it_can(serve: Serve) -> None:
    port = urlsplit(serve.url).port
    pid = serve.pid_of("signalling")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        serve.kill("signalling")
        wait_gone([pid])
        thief.bind(("127.0.0.1", port))
        thief.listen()
        for _ in range(2):  # its spare first, then cold
            while serve.next_event() != {"died": "signalling"}:
                pass
    serve.wait_back("signalling")
    assert f"cannot listen on 127.0.0.1:{port} because another program" in serve.output()
    assert "It is started again in 0." in serve.output(), "it pauses before it tries again"


def test_a_second_server_on_the_same_data_is_refused_in_one_sentence(data: Path) -> None:
    with serving(data) as first, started(data) as second:
        assert list(second.next_event()) == ["refused"]
        assert second.process.wait(END_S) == 1
        assert second.output().count("\n") == 1
        assert f"uses {data}/store: stop it or choose another data directory." in second.output()
        assert first.stop() == 0


def test_a_port_in_use_is_one_sentence(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with started(data, "--port", str(port)) as serve:
            assert list(serve.next_event()) == ["refused"]
            assert serve.process.wait(END_S) == 1
            assert serve.output() == (
                f"The signalling node cannot listen on 127.0.0.1:{port} because another program "
                "listens there; choose another with --port.\n"
            )


def everybody(serve: Serve) -> list[int]:
    """The pids of all its children, once the spares have begun to load."""
    wait_until(lambda: len(serve.children()) == len(ROLES) + len(SPARED))
    return list(serve.children())


def test_a_stopped_server_leaves_its_data_and_nothing_else(data: Path) -> None:
    with serving(data, environment=SPARES) as serve:
        pids = everybody(serve)
        assert serve.stop() == 0
        wait_gone(pids)
        assert "Traceback" not in serve.output()
    assert sorted(path.name for path in data.iterdir()) == ["audit", "keys", "store"]
    assert not [path for path in data.rglob("*") if path.is_socket()]
    assert data.stat().st_mode & 0o077 == 0


def test_a_server_can_be_stopped_while_it_starts(data: Path) -> None:
    with started(data) as serve:
        while not serve.children():
            assert serve.process.poll() is None
        assert serve.stop() == 0


def test_who_does_not_stop_is_killed(data: Path) -> None:
    with serving(data, environment={"KOLAPP_STOP_TIMEOUT_MS": "300"}) as serve:
        pids = list(serve.children())
        os.kill(serve.pid_of("media"), signal.SIGSTOP)
        assert serve.stop() == 0
        wait_gone(pids)


def test_a_second_signal_does_not_wait(data: Path) -> None:
    with serving(data, environment={"KOLAPP_STOP_TIMEOUT_MS": "60000"}) as serve:
        pids = list(serve.children())
        os.kill(serve.pid_of("signalling"), signal.SIGSTOP)
        serve.process.send_signal(signal.SIGINT)
        assert serve.next_event() == {"stopping": True}
        serve.process.send_signal(signal.SIGINT)
        assert serve.process.wait(END_S) == 0
        wait_gone(pids)


def test_nobody_outlives_a_killed_server_and_the_next_one_starts(data: Path) -> None:
    with serving(data, environment=SPARES) as serve:
        pids = everybody(serve)
        serve.process.kill()
        serve.process.wait(END_S)
        wait_gone(pids)
    with serving(data):
        pass


def test_an_address_that_others_reach_is_refused_in_one_sentence(data: Path) -> None:
    done = run_kolapp("serve", "--host", "0.0.0.0", "--data-dir", str(data))
    assert done.returncode == 1
    assert done.stderr == (
        "Kolapp does not listen on 0.0.0.0 with throw-away keys: set KOLAPP_JWT_KEY_FILE, "
        "KOLAPP_JWT_ISSUER and KOLAPP_JWT_AUDIENCE, or try it in your own network with "
        "`kolapp serve --lan`.\n"
    )
    assert not data.exists()


def no_lan() -> str:
    """Why this machine cannot be reached by phones; "" when it can."""
    try:
        lan_address()
    except StartRefused as refusal:
        return str(refusal)
    return ""


def test_lan_is_https_with_a_code_to_scan_or_one_sentence(data: Path) -> None:
    if why := no_lan():
        done = run_kolapp("serve", "--lan", "--data-dir", str(data))
        assert (done.returncode, done.stderr) == (1, f"{why}\n")
        return
    with serving(data, "--lan", environment=SPARES) as serve:
        assert serve.url.startswith(f"https://{lan_address()}:")
        trust = ssl.create_default_context(cafile=data / "lan" / "certificate.pem")
        assert urlopen(f"{serve.url}/patient", timeout=END_S, context=trust).status == 200
        assert "█" in serve.output()
        serve.wait_spare("signalling")
        serve.kill("signalling")
        serve.wait_back("signalling")
        assert urlopen(f"{serve.url}/patient", timeout=END_S, context=trust).status == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(serve.url).port or 0), END_S)
