"""The way out to one leg: protect what lies in the workspace and send it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .counters import Counters
from .sockets import Address, MediaSocket, PeerSocket, sender
from .srtp import Cipher, Workspace, protect_rtcp, protect_rtp


class Outgoing:
    """Sends to the address the leg's ICE has selected; follows it when it changes.

    The hot path protects with `context` and calls `send` itself; `context` is None before the
    keys are known and from the moment the leg closes.
    """

    __slots__ = ("_cipher", "_counters", "_peer", "_workspace", "context", "send")

    def __init__(self, workspace: Workspace, counters: Counters) -> None:
        self._workspace = workspace
        self._counters = counters
        self._cipher: Cipher | None = None
        self._peer: PeerSocket | None = None
        self.context: Any = None
        self.send: Callable[[Any], object] | None = None

    def use(self, cipher: Cipher) -> None:
        # The context alone would dangle as soon as the cipher goes.
        self._cipher = cipher
        self.context = cipher.context

    def select(self, media_socket: MediaSocket, address: Address) -> None:
        if self._peer is not None and self._peer.belongs_to(media_socket, address):
            return
        self._close_peer()
        try:
            self._peer = media_socket.connected_twin(address)
            self.send = self._peer.send
        except OSError:
            self.send = sender(media_socket, address)

    def close(self) -> None:
        self.context = self._cipher = self.send = None
        self._close_peer()

    def _close_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.close()

    def send_rtp(self, size: int) -> bool:
        """Send the RTP packet of this size in the workspace; False if it was lost here."""
        return self._send(protect_rtp, size)

    def send_rtcp(self, compound: bytes) -> None:
        self._workspace.view[: len(compound)] = compound
        self._send(protect_rtcp, len(compound))

    def repeat(self, packet: bytes, *, protected: bool) -> bool:
        """Send a packet again: as it is, or as a new packet that repeats another."""
        if protected:
            return self._put(packet)
        self._workspace.view[: len(packet)] = packet
        return self._send(protect_rtp, len(packet))

    def _send(self, protect: Any, size: int) -> bool:
        if self.context is None:
            return False
        workspace = self._workspace
        length = workspace.length
        length[0] = size
        if protect(self.context, workspace.memory, length):
            self._counters.unsent += 1
            return False
        return self._put(workspace.view[: length[0]])

    def _put(self, data: Any) -> bool:
        if self.send is None:
            return False
        try:
            self.send(data)
        except OSError:  # a full socket buffer, an unreachable network: RTP expects loss
            self._counters.unsent += 1
            return False
        return True
