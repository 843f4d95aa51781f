"""What all tests share: they leave nothing behind, use a real store, and can be interrupted."""

import signal

import pytest

pytest_plugins = ["leaks", "store_fixtures", "pytester"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Take back what `nohup` or a shell's `&` made of these two for us and every child: ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
