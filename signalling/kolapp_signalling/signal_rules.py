"""Who may signal what to whom, and what is passed on of it. Pure.

Candidates that the two sides of a direct visit tell each other make their browsers send to any
address named there, so they are held to their grammar; in a visit over relays alone nothing but
relays' addresses is passed on, whatever a client says.
"""

from __future__ import annotations

from kolapp_media.passing import passed_candidate, passed_sdp
from kolapp_media.settings import MediaSettings
from kolapp_queue.errors import StaleEpoch, WrongState
from kolapp_queue.model import Visit
from kolapp_queue.settings import DIRECT
from kolapp_queue.states import ONGOING
from msgspec.structs import replace

from .codes import ErrorCode
from .gate import Refused
from .roles import Role
from .signal_messages import AnyWord, Candidate, Description, Key, Renew, Signal

_OTHER = {Role.PATIENT.value: Role.CLINICIAN.value, Role.CLINICIAN.value: Role.PATIENT.value}
_LIMITS = MediaSettings()


def passed_on(signal: Signal, visit: Visit, sender: str) -> AnyWord | None:
    """What the others get; None: nothing. Raises Refused, WrongState, StaleEpoch; BadOffer for what
    is no SDP or no candidate."""
    if visit.epoch != signal.epoch:
        raise StaleEpoch
    if visit.state not in ONGOING:  # nothing before the patient's answer
        raise WrongState(visit.state)
    if signal.to == sender:
        raise Refused(ErrorCode.FORBIDDEN, "to")
    match signal.data:
        case Key():
            if not visit.encrypted:
                raise WrongState(visit.state)
            return signal.data
        case Description() | Candidate() | Renew():
            if visit.mode != DIRECT:
                raise WrongState(visit.state)
            if _OTHER.get(sender) != signal.to:
                raise Refused(ErrorCode.FORBIDDEN, "to")
            return _direct(signal.data, sender, relay_only=visit.relay_only)


def _direct(
    word: Description | Candidate | Renew, sender: str, *, relay_only: bool
) -> Description | Candidate | Renew | None:
    """The clinician offers and the patient answers, so there is no glare."""
    offers = sender == Role.CLINICIAN.value
    match word:
        case Description():
            if (word.sdp_type == "offer") != offers:
                raise Refused(ErrorCode.FORBIDDEN, "data.sdp_type")
            sdp = passed_sdp(word.sdp, _LIMITS, relay_only=relay_only)
            return replace(word, sdp=sdp)
        case Candidate():
            line = passed_candidate(word.candidate, relay_only=relay_only)
            return replace(word, candidate=line) if line is not None else None
        case Renew():
            if offers:
                raise Refused(ErrorCode.FORBIDDEN, "data.kind")
            return word
