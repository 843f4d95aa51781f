"""What a client of the protocol may be told.

LoadtestError
 ├─ RequestRefused    the node answered with an error; carries its code
 ├─ ConnectionClosed  the connection is over for good; carries the close code
 ├─ Misuse            the caller asked for a step the last snapshot does not allow
 ├─ NotInTime         a reply or a state did not come before its deadline (also a TimeoutError)
 └─ BenchFailed       a benchmark could not be set up or did not run to its end
"""

from __future__ import annotations


class LoadtestError(Exception):
    """Base of everything this package raises on purpose."""


class RequestRefused(LoadtestError):
    """`code` is of the error catalogue in PROTOCOL.md; `field` says where in the request."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(f"{code}: {message}" + (f" (at {field})" if field else ""))
        self.code = code
        self.field = field


class ConnectionClosed(LoadtestError):
    """`code` is the WebSocket close code; 1006 without a closing handshake (RFC 6455, 7.1.5)."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code}" + (f": {reason}" if reason else ""))
        self.code = code
        self.reason = reason


class Misuse(LoadtestError):
    pass


class NotInTime(LoadtestError, TimeoutError):
    pass


class BenchFailed(LoadtestError):
    pass
