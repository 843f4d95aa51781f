"""What all tests share: they leave nothing behind, use a real store, can be interrupted, and do not
look at the clock."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Before numpy is loaded: the matrices here are small, and threads of the linear algebra would only
# wait for each other on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ["leaks", "store_fixtures", "fake_programs", "pytester"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Take back what `nohup` or a shell's `&` made of these two for us and every child: ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # How long an example takes says how busy the machine is, nothing else.
    settings.register_profile("kolapp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("kolapp")
