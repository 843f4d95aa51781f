"""What offer and answer agreed on, in the words of the forwarding."""

from __future__ import annotations

from aiortc import RTCRtpCodecParameters, RTCRtpTransceiver
from aiortc.codecs import is_rtx

from ..history import History
from ..sdp import Section
from ..settings import MediaSettings
from .streams import LegSection, Stream, Track, clock_rate

_SENDS = ("sendrecv", "sendonly")
_RECEIVES = ("sendrecv", "recvonly")


def negotiated(
    section: Section, transceiver: RTCRtpTransceiver, name: str, settings: MediaSettings
) -> LegSection:
    """What offer and answer agreed on for one media section; `name` is its cname."""
    types: dict[str, int] = {}
    repairs: dict[int, int] = {}
    asks_again = False
    for codec in transceiver._codecs:
        number = codec.payloadType
        if number is None:
            continue
        if is_rtx(codec):
            repairs[int(str(codec.parameters["apt"]))] = number
        else:
            types.setdefault(_codec_name(codec), number)
            asks_again |= any(
                (each.type, each.parameter) == ("nack", None) for each in codec.rtcpFeedback
            )
    sender = transceiver.sender
    track = Track(sender._ssrc, clock_rate(section.kind), sender._rtx_ssrc)
    if asks_again:
        size = 1 << (settings.history_packets - 1).bit_length()
        track.history = History(size, plain=repairs.keys() >= {*types.values()})
    result = LegSection(
        kind=section.kind,
        mid=section.mid,
        name=name,
        sends=section.direction in _SENDS,
        receives=section.direction in _RECEIVES,
        types=types,
        repairs=repairs,
        originals={repair: number for number, repair in repairs.items()},
        extensions={each.uri: each.id for each in transceiver._headerExtensions},
        asks_again=asks_again,
        track=track,
    )
    _announced(result, section, settings)
    return result


def _codec_name(codec: RTCRtpCodecParameters) -> str:
    """What must be the same on both legs; of H.264 also profile and way of packing, while the
    level may differ (RFC 6184, 8.2.2)."""
    name = codec.name.lower()
    if name != "h264":
        return name
    profile = str(codec.parameters.get("profile-level-id", "42001f"))[:4].lower()
    return f"{name} {profile} {codec.parameters.get('packetization-mode', '0')}"


def _announced(result: LegSection, section: Section, settings: MediaSettings) -> None:
    """Streams the offer names: media first, so that each repair finds what it repairs."""
    by_ssrc: dict[int, Stream] = {}
    for ssrc in sorted(section.ssrcs, key=lambda each: each in section.repairs):
        repairs = by_ssrc.get(section.repairs.get(ssrc, -1))
        if ssrc in section.repairs and repairs is None:
            continue
        by_ssrc[ssrc] = Stream(ssrc, result, settings, repairs)
    result.streams.extend(by_ssrc.values())
