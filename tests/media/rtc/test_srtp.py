"""SRTP in one buffer: round trip, forgery, and no packet number ever used twice."""

from __future__ import annotations

import os

import pytest
from kolapp_media.rtc.srtp import (
    PROFILES,
    Cipher,
    Workspace,
    protect_rtcp,
    protect_rtp,
    unprotect_rtcp,
    unprotect_rtp,
)

PACKET = bytes([0x80, 96, 0, 1]) + bytes(4) + (7).to_bytes(4, "big") + b"payload"
REPORT = bytes([0x80, 201, 0, 1]) + (7).to_bytes(4, "big")


@pytest.fixture(params=PROFILES, ids=lambda profile: profile.openssl_profile.decode())
def pair(request: pytest.FixtureRequest) -> tuple[Cipher, Cipher]:
    profile = request.param
    key = os.urandom(profile.key_length + profile.salt_length)
    return (
        Cipher(key, profile.libsrtp_profile, inbound=False),
        Cipher(key, profile.libsrtp_profile, inbound=True),
    )


def through(function, cipher: Cipher, workspace: Workspace, data: bytes) -> tuple[int, bytes]:
    workspace.view[: len(data)] = data
    workspace.length[0] = len(data)
    code = function(cipher.context, workspace.memory, workspace.length)
    return code, bytes(workspace.view[: workspace.length[0]])


@pytest.mark.parametrize(
    ("protect", "unprotect", "data"),
    [(protect_rtp, unprotect_rtp, PACKET), (protect_rtcp, unprotect_rtcp, REPORT)],
    ids=["RTP", "RTCP"],
)
def test_there_and_back(pair, protect, unprotect, data: bytes) -> None:
    sending, receiving = pair
    workspace = Workspace()
    code, protected = through(protect, sending, workspace, data)
    assert (code, protected[:4]) == (0, data[:4])
    assert len(protected) > len(data)

    tampered = protected[:-1] + bytes([protected[-1] ^ 1])
    assert through(unprotect, receiving, workspace, tampered)[0] != 0
    assert through(unprotect, receiving, workspace, protected) == (0, data)
    assert through(unprotect, receiving, workspace, protected)[0] != 0  # once only


def test_a_number_is_never_used_twice(pair) -> None:
    sending, _ = pair
    workspace = Workspace()

    assert through(protect_rtp, sending, workspace, PACKET)[0] == 0
    assert through(protect_rtp, sending, workspace, PACKET[:-1] + b"X")[0] != 0


def test_the_largest_datagram_still_has_room_for_its_tag(pair) -> None:
    sending, _ = pair
    workspace = Workspace()
    data = PACKET[:12] + bytes(len(workspace.receiving) - 12)

    code, protected = through(protect_rtp, sending, workspace, data)

    assert code == 0
    assert len(protected) <= len(workspace.view)
