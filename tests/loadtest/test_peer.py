"""Two measuring peers, one answering the other directly. Through the media node: tests/story."""

from __future__ import annotations

import pytest
from far_peer import Answers
from kolapp_loadtest.errors import RequestRefused
from kolapp_loadtest.peer import Signature, VisitPeer
from kolapp_loadtest.wire import SdpAnswer


class Refuses:
    def __init__(self, code: str) -> None:
        self.code = code
        self.offers = 0

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        self.offers += 1
        raise RequestRefused(self.code, "not today")


async def test_two_peers_see_and_hear_each_other() -> None:
    far = Answers(Signature(mark=2, hertz=880))
    async with VisitPeer(far, Signature(mark=1, hertz=440), generation=3) as near:
        for peer, mark, hertz in ((near, 2, 880), (far.peer, 1, 440)):
            await peer.until(lambda one: one.received.picture.frames >= 5, 10, "picture")
            await peer.until(
                lambda one, hertz=hertz: abs(one.received.sound.hertz() - hertz) < 9, 10
            )
            assert peer.received.picture.marks == {mark}
            assert await peer.packets_lost() == 0
        await far.peer.close()
    [(sdp, generation)] = far.offered
    assert generation == 3
    assert "127.0.0.1" in sdp
    assert near.state == "closed"


async def test_a_refused_offer_leaves_nothing_behind() -> None:
    for code in ("bad_sdp", "stale_leg"):
        refuses = Refuses(code)
        with pytest.raises(RequestRefused, match=code):
            await VisitPeer(refuses, Signature(1, 440)).__aenter__()
        assert refuses.offers == 1


@pytest.mark.parametrize("code", ["media_unavailable", "media_full"])
async def test_an_offer_that_no_node_can_take_is_made_again(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kolapp_loadtest.peer.OFFER_AGAIN_S", 0.01)
    monkeypatch.setattr("kolapp_loadtest.peer.CONNECT_TIMEOUT_S", 0.05)
    refuses = Refuses(code)
    with pytest.raises(RequestRefused, match=code):
        await VisitPeer(refuses, Signature(1, 440)).__aenter__()
    assert refuses.offers > 1
