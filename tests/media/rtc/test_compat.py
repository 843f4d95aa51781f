"""A library that moved is noticed, and named, before anything is called."""

from __future__ import annotations

import logging

import aioice
import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport
from kolapp_media.rtc import compat


async def test_the_installed_libraries_are_the_known_ones() -> None:
    compat.check()


async def test_a_method_that_changed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RTCDtlsTransport, "_srtp_profiles", None, raising=False)
    monkeypatch.setitem(
        compat._SIGNATURES, "aioice.Connection.connect", (lambda self, extra: None, ["self"])
    )

    with pytest.raises(compat.Moved, match=r"aioice\.Connection\.connect takes"):
        compat.check()


async def test_a_field_that_went_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    original = aioice.Connection.__init__

    def without_queue(self, *args, **kwargs) -> None:
        original(self, *args, **kwargs)
        del self._queue

    monkeypatch.setattr(aioice.Connection, "__init__", without_queue)

    with pytest.raises(compat.Moved, match=r"aioice\.Connection has no _queue"):
        compat.check()


async def test_a_new_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "version", lambda name: "9.9.9")

    with pytest.raises(compat.Moved, match=r"aiortc is 9\.9\.9"):
        compat.check()


def test_the_libraries_stay_quiet_whatever_the_root_logs() -> None:
    compat.quieten()

    for name in ("aiortc.rtcpeerconnection", "aioice.ice"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_host_addresses_are_those_ice_would_gather() -> None:
    assert compat.host_addresses() == ("127.0.0.1",)  # as the tests' peers see this host
