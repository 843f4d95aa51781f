"""What the clients of a visit's participants say to each other over the server: `signal`.

None of it is stored or repeated: who misses a word asks for it again.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .parts import ClientMessage, Epoch, Opaque, Sdp, ServerMessage

Recipient = Annotated[str, Meta(pattern="^(patient|clinician|guest1|guest2|all)$")]
Generation = Annotated[int, Meta(ge=0, le=1_000_000)]


class Word(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """`kind` says which of these it is."""


class Description(Word, frozen=True, tag="description"):
    """Direct mode: an offer of the clinician's, or the patient's answer to the one of this
    `generation`, which grows with every new connection."""

    generation: Generation
    sdp_type: Literal["offer", "answer"]
    sdp: Sdp


class Candidate(Word, frozen=True, tag="candidate"):
    """Direct mode: a way to reach the sender's connection of this generation, as in a browser's
    `RTCIceCandidate`; empty when there are no more. `mid` and `line` say to which section."""

    generation: Generation
    candidate: Annotated[str, Meta(max_length=512)]
    mid: Annotated[str, Meta(max_length=16, pattern="^[A-Za-z0-9_.+-]*$")] = ""
    line: Annotated[int, Meta(ge=0, le=15)] = 0


class Renew(Word, frozen=True, tag="renew"):
    """Direct mode, patient: offer a connection newer than the one of `generation`, for mine does
    not do, or there is none (0)."""

    generation: Generation


class Key(Word, frozen=True, tag="key"):
    """Encrypted visits: whatever the clients agree on keys with. The server passes it on unread."""

    payload: Annotated[str, Meta(min_length=1, max_length=4_096, pattern="^[A-Za-z0-9_-]+$")]


AnyWord = Description | Candidate | Renew | Key


class Signal(ClientMessage, frozen=True, tag="signal"):
    """A participant of the live visit: pass `data` on to another one's client, or to `all` others.
    Who is not connected now, or reads too slowly, misses it. `description`, `candidate` and
    `renew` go between patient and clinician of a visit in direct mode, `key` between all in an
    encrypted one. Answered with `signalled` when it is on its way; `too_many_signals` beyond some
    hundred kB a visit."""

    visit: Opaque
    epoch: Epoch
    to: Recipient
    data: AnyWord


class Signalled(ServerMessage, frozen=True, tag="signalled", kw_only=True):
    """On its way; nobody knows whether it arrives."""

    visit: str


class SignalNow(ServerMessage, frozen=True, tag="signal", kw_only=True):
    """What the client of another participant says, once."""

    visit: str
    sender: str
    data: AnyWord
