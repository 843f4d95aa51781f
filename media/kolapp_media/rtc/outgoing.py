"""The way out to one leg: protect what lies in the workspace and send it at once."""

from __future__ import annotations

from .counters import Counters
from .guard import Address, MediaSocket
from .srtp import Cipher, Workspace, protect_rtcp, protect_rtp


class Outgoing:
    """Sends to the address the leg's ICE has selected; follows it when it changes."""

    __slots__ = ("_address", "_counters", "_socket", "_workspace", "cipher")

    def __init__(self, workspace: Workspace, counters: Counters) -> None:
        self._workspace = workspace
        self._counters = counters
        self._socket: MediaSocket | None = None
        self._address: Address = ("", 0)
        self.cipher: Cipher | None = None

    def select(self, media_socket: MediaSocket, address: Address) -> None:
        self._socket = media_socket
        self._address = address

    def close(self) -> None:
        self._socket = None
        self.cipher = None

    def send_rtp(self, size: int) -> bool:
        """Send the RTP packet of this size in the workspace; False if it was lost here."""
        cipher, media_socket = self.cipher, self._socket
        if cipher is None or media_socket is None:
            return False
        workspace = self._workspace
        length = workspace.length
        length[0] = size
        if protect_rtp(cipher.context, workspace.memory, length):
            self._counters.unsent += 1
            return False
        try:
            media_socket.socket.sendto(workspace.view[: length[0]], self._address)
        except OSError:  # a full socket buffer, an unreachable network: RTP expects loss
            self._counters.unsent += 1
            return False
        return True

    def send_rtcp(self, compound: bytes) -> None:
        cipher, media_socket = self.cipher, self._socket
        if cipher is None or media_socket is None:
            return
        workspace = self._workspace
        workspace.view[: len(compound)] = compound
        workspace.length[0] = len(compound)
        if protect_rtcp(cipher.context, workspace.memory, workspace.length):
            self._counters.unsent += 1
            return
        media_socket.sendto(workspace.view[: workspace.length[0]], self._address)
