import errno
from dataclasses import replace

import pytest
from kolapp_signalling import node
from kolapp_signalling.process import StartRefused
from kolapp_signalling.settings import Settings

SETTINGS = replace(Settings(), store_url="unix:///nowhere", media_control="127.0.0.1:7001")


@pytest.mark.parametrize(
    ("role", "code", "sentence"),
    [
        (
            "signalling",
            errno.EADDRINUSE,
            "The signalling node cannot listen on 127.0.0.1:8080 because another program listens "
            "there; choose another with --port.",
        ),
        (
            "signalling",
            errno.EACCES,
            "The signalling node cannot listen on 127.0.0.1:8080 because this user may not use "
            "that port; choose another with --port.",
        ),
        (
            "media",
            errno.EADDRNOTAVAIL,
            "The media node cannot listen on 127.0.0.1:7001 because this machine does not have "
            "that address; choose another with --media-control.",
        ),
    ],
)
def test_an_address_that_cannot_be_had_is_one_sentence(monkeypatch, role, code, sentence):
    async def fails(settings):
        raise OSError(code, "as the system says it")

    monkeypatch.setattr(node, "log_plainly", lambda *how: None)
    monkeypatch.setattr(node, "_main", lambda role, settings: fails(settings))
    with pytest.raises(StartRefused) as refusal:
        node.run_node(role, SETTINGS)
    assert str(refusal.value) == sentence


def test_any_other_failure_is_not_dressed_up(monkeypatch):
    async def fails(settings):
        raise OSError(errno.EIO, "a broken disk")

    monkeypatch.setattr(node, "log_plainly", lambda *how: None)
    monkeypatch.setattr(node, "_main", lambda role, settings: fails(settings))
    with pytest.raises(OSError, match="a broken disk"):
        node.run_node("media", SETTINGS)
