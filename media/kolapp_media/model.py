"""What crosses the border of a media node: requests, replies and events of the control socket.

Frames: 4-byte big-endian length, a tag, one MessagePack map. `CONTROL_LIMIT` bounds a frame.
The dialler proves itself first (see `control.py`); then requests carry `id` and get exactly one
reply with the same `id`; events carry none. Every request is idempotent.
"""

from __future__ import annotations

import msgspec

CONTROL_LIMIT = 256 * 1024
POST_LIMIT = 64 * 1024  # bytes of one posted word


class Request(
    msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True, omit_defaults=True
):
    """What has its default is not sent: a node of the version before knows no newer fields."""

    id: int


class OpenLeg(Request, frozen=True, tag="open_leg"):
    """Answer a participant's offer. A newer generation replaces the older leg; the same
    generation with the same SDP gets the same answer; an older one is refused as `stale_leg`.
    Beyond `MediaSettings.offers` new ones in `offers_window` seconds: `too_many_offers`.

    No media is forwarded until `forward` was true once in an `OpenLeg` or a `Forward`.

    `warm`: `visit` is a waiting room of this one participant, whose leg `TakeLeg` moves into a
    visit later. Refused as `too_many_legs` when warm legs have taken their share of the node.

    `slots`: whom this leg is sent, by name, in the order of its sections: the first in its first
    audio and its first video section, the second in the second ones. Who is named and not there
    leaves the sections empty until they come; who is not named, or has no section left, is not
    sent. Empty: one other participant, in the first sections.
    """

    visit: str
    media_epoch: int
    participant: str  # any names; those of a visit are told apart by them
    generation: int
    sdp: str
    forward: bool
    warm: bool = False
    slots: tuple[str, ...] = ()


class TakeLeg(Request, frozen=True, tag="take_leg"):
    """Move the participant's connected leg out of its waiting room into the visit, as it is: no
    handshake. From then on it is the leg of this generation, as if `OpenLeg` had made it, with
    `slots` as there. Refused as `no_such_leg` when none is connected there."""

    room: str
    visit: str
    media_epoch: int
    participant: str
    generation: int
    forward: bool
    slots: tuple[str, ...] = ()


class Echo(Request, frozen=True, tag="echo"):
    """Send who waits in this room their own sound and picture back, or stop it."""

    room: str
    on: bool


class Forward(Request, frozen=True, tag="forward"):
    """The patient answered: from now on the legs of this visit hear and see each other."""

    visit: str
    media_epoch: int


class CloseLeg(Request, frozen=True, tag="close_leg"):
    """Close the leg of this very generation; one that was replaced is closed already.

    `forget`: the participant has left for good. Their leg ends whatever its generation, and so
    do those of offers that came before; the place is free for somebody else of that name, whose
    generations begin anew.
    """

    visit: str
    participant: str
    generation: int
    forget: bool = False


class CloseVisit(Request, frozen=True, tag="close_visit"):
    """End the bridge and every leg; closing a visit that is not here is fine."""

    visit: str


class Post(Request, frozen=True, tag="post"):
    """Tell every dialler, this one too, a word of one participant for another: `Posted`. The node
    neither reads nor keeps it, whether it carries the visit or not. Beyond `POST_LIMIT` it is a
    `bad_request`."""

    visit: str
    sender: str
    to: str
    payload: bytes


class Stats(Request, frozen=True, tag="stats"):
    pass


class Opened(msgspec.Struct, frozen=True, tag_field="reply", tag="opened"):
    id: int
    sdp: str


class Done(msgspec.Struct, frozen=True, tag_field="reply", tag="done"):
    id: int


class NodeStats(msgspec.Struct, frozen=True, tag_field="reply", tag="stats"):
    id: int
    visits: int
    legs: int
    forwarded: int  # RTP packets since the start
    dropped: int  # datagrams refused by the guard since the start
    cpu_s: float
    rss_bytes: int
    threads: int
    tasks: int
    resent: int = 0  # packets sent again because a browser had lost them
    asked: int = 0  # packets that browsers were asked for again
    repaired: int = 0  # those that came then
    floods: int = 0  # times that strangers were too fast to be listened to
    posted: int = 0  # words of participants passed on between diallers


class Refused(msgspec.Struct, frozen=True, tag_field="reply", tag="refused"):
    """`code` is one of: bad_sdp, stale_leg, no_such_visit, too_many_offers (this participant's;
    ask again in some seconds, not of another node), too_many_legs, no_such_leg, draining,
    bad_request, internal (the node failed; ask again)."""

    id: int
    code: str
    message: str


class LegChanged(msgspec.Struct, frozen=True, tag_field="event", tag="leg_changed"):
    """`state` is one of: connected, failed (lost, or never came), closed (by either side).

    Told to every dialler, each state once, and exactly one of the last two for every leg that
    was answered, whatever ended it. A dialler that has just proved itself is first told
    `connected` for every leg that is; one that connects meanwhile may be told twice. Compare
    the generation: a replaced leg tells its end after its successor was answered.
    """

    visit: str
    media_epoch: int
    participant: str
    generation: int
    state: str


class Flow(msgspec.Struct, frozen=True):
    """One direction between a browser and the node in the last second. `loss` is a part of 1,
    of the picture where there is one."""

    loss: float
    jitter_ms: float
    kbps: int


class LegQuality(msgspec.Struct, frozen=True, tag_field="event", tag="leg_quality"):
    """How a connected leg does, every few seconds, told to every dialler.

    `up` is from the browser to the node, `down` the other way. `limit_kbps` is what the browser
    was last told that it may send; 0 for nothing yet. `silent_ms` is how long nothing at all has
    come from it; told at once when that becomes `MediaSettings.silence`, and when it ends.
    """

    visit: str
    media_epoch: int
    participant: str
    generation: int
    round_trip_ms: float
    up: Flow
    down: Flow
    limit_kbps: int
    silent_ms: int = 0


class Posted(msgspec.Struct, frozen=True, tag_field="event", tag="posted"):
    """What somebody posted, told once: a dialler that reads too slowly misses it."""

    visit: str
    sender: str
    to: str
    payload: bytes


AnyEvent = LegChanged | LegQuality | Posted
AnyRequest = OpenLeg | TakeLeg | Echo | Forward | CloseLeg | CloseVisit | Post | Stats
AnyReply = Opened | Done | NodeStats | Refused
