"""The other end of a leg, without a server between."""

from __future__ import annotations

from aiortc import RTCPeerConnection, RTCSessionDescription
from kolapp_loadtest.peer import Signature, VisitPeer
from kolapp_loadtest.wire import SdpAnswer


class Answers:
    """The far end of the leg: a peer of the same kind that answers instead of offering."""

    def __init__(self, signature: Signature) -> None:
        self.peer = VisitPeer(self, signature)
        self.offered: list[tuple[str, int]] = []

    async def offer(self, sdp: str, generation: int = 1) -> SdpAnswer:
        self.offered.append((sdp, generation))
        connection: RTCPeerConnection = self.peer._connection
        connection.on("track", self.peer._arrived)
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for track in self.peer._tracks:
            connection.addTrack(track)
        await self.peer._gather_only("127.0.0.1")
        await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        return {"visit": "v", "generation": generation, "media_epoch": 1, "sdp": answer}
