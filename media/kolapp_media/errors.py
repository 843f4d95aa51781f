"""What a media node refuses, and what may become of it.

MediaError
 ├─ BadOffer      the client's SDP is not usable; offer again, correctly
 ├─ StaleLeg      a newer leg or placement exists; use the newest
 ├─ NoSuchVisit   this node does not carry the visit
 ├─ TooManyOffers the participant offers too often; wait some seconds, not on another node:
 │                that would move the visit, and with it the other leg
 ├─ TooManyLegs   the node or the visit is full; try another node
 ├─ NoSuchLeg     no such leg is connected in that waiting room; offer one for the visit
 ├─ Draining      the node takes nothing new; try another node
 ├─ BadRequest    the dialler's mistake
 └─ NodeGone      the node died, cannot be reached, or did not prove itself; use another node
"""

from __future__ import annotations


class MediaError(Exception):
    """Base of everything this package raises on purpose."""

    code = "bad_request"


class BadOffer(MediaError):
    code = "bad_sdp"


class StaleLeg(MediaError):
    code = "stale_leg"


class NoSuchVisit(MediaError):
    code = "no_such_visit"


class TooManyOffers(MediaError):
    code = "too_many_offers"


class TooManyLegs(MediaError):
    code = "too_many_legs"


class NoSuchLeg(MediaError):
    code = "no_such_leg"


class Draining(MediaError):
    code = "draining"


class BadRequest(MediaError):
    code = "bad_request"


class NodeGone(MediaError):
    code = "node_gone"


_BY_CODE = {
    error.code: error
    for error in (
        BadOffer,
        StaleLeg,
        NoSuchVisit,
        TooManyOffers,
        TooManyLegs,
        NoSuchLeg,
        Draining,
        BadRequest,
    )
}


def error_for(code: str, message: str) -> MediaError:
    """The error a node's `Refused` stands for; an unknown code is a `MediaError`."""
    return _BY_CODE.get(code, MediaError)(message)
