"""Are aiortc, aioice and pylibsrtp the ones this package knows the insides of?

A version range alone does not tell: the names used here are private. `check()` looks at every
one and names what moved, when a node starts and in a test, instead of a call failing later.
"""

from __future__ import annotations

import inspect
import logging
from importlib.metadata import version
from typing import Any

import aioice
from aioice import ice, stun
from aiortc.rtcconfiguration import RTCBundlePolicy, RTCConfiguration
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcpeerconnection import RTCPeerConnection
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled

_VERSIONS = {"aiortc": "1.16.", "aioice": "0.13.", "pylibsrtp": "1.0."}

# What we call or replace, with the parameters we rely on.
_SIGNATURES: dict[str, tuple[Any, list[str]]] = {
    "aioice.Connection.gather_candidates": (aioice.Connection.gather_candidates, ["self"]),
    "aioice.Connection.connect": (aioice.Connection.connect, ["self"]),
    "aioice.Connection.query_consent": (aioice.Connection.query_consent, ["self"]),
    "aioice.Connection.check_incoming": (
        aioice.Connection.check_incoming,
        ["self", "message", "addr", "protocol"],
    ),
    "aioice.Connection.check_state": (aioice.Connection.check_state, ["self", "pair", "state"]),
    "aioice.Connection.check_complete": (aioice.Connection.check_complete, ["self", "pair"]),
    "aioice.Connection.data_received": (
        aioice.Connection.data_received,
        ["self", "data", "component"],
    ),
    "aioice.Connection.request_received": (
        aioice.Connection.request_received,
        ["self", "message", "addr", "protocol"],
    ),
    "aioice.Connection.respond_error": (
        aioice.Connection.respond_error,
        ["self", "request", "addr", "protocol", "error_code"],
    ),
    "aioice.Connection.build_request": (
        aioice.Connection.build_request,
        ["self", "pair", "nominate"],
    ),
    "aioice.ice.StunProtocol.connection_lost": (
        ice.StunProtocol.connection_lost,
        ["self", "exc"],
    ),
    "aioice.stun.parse_message": (stun.parse_message, ["data"]),
    "aioice.stun.Transaction.response_received": (
        stun.Transaction.response_received,
        ["self", "message", "addr"],
    ),
    "aiortc.RTCDtlsTransport._set_role": (RTCDtlsTransport._set_role, ["self", "role"]),
    "aiortc.RTCIceTransport.start": (RTCIceTransport.start, ["self", "remoteParameters"]),
    "aiortc.RTCRtpSender.send": (RTCRtpSender.send, ["self", "parameters"]),
    "aiortc.RTCRtpReceiver.receive": (RTCRtpReceiver.receive, ["self", "parameters"]),
}

# What we read or set on instances.
_FIELDS: dict[str, tuple[str, ...]] = {
    "aiortc.RTCRtpTransceiver": ("_codecs", "_headerExtensions"),
    "aiortc.RTCRtpSender": ("_ssrc", "_rtx_ssrc"),
    "aiortc.RTCRtpReceiver": ("_RTCRtpReceiver__remote_bitrate_estimator",),
    "aiortc.RTCDtlsTransport": ("_ssl", "_role", "_srtp_profiles"),
    "aiortc.RTCIceTransport": ("_connection", "_recv", "_send"),
    "aiortc.RTCIceGatherer": ("_connection",),
    "aioice.Connection": (
        "_check_list",
        "_check_list_state",
        "_early_checks",
        "_early_checks_done",
        "_local_candidates",
        "_local_candidates_end",
        "_local_candidates_start",
        "_nominated",
        "_protocols",
        "_query_consent_task",
        "_queue",
        "_remote_candidates",
    ),
    "pylibsrtp.Session": ("_srtp",),
}

_LIBSRTP = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")


class Moved(RuntimeError):
    """A library is not the one this package was written for; says what differs."""


def check() -> None:
    """Raise `Moved` with everything that differs. Needs a running event loop."""
    differences = [*_versions(), *_signatures(), *_attributes(), *_binding()]
    if differences:
        raise Moved("the WebRTC libraries differ from what is known: " + "; ".join(differences))


def quieten() -> None:
    """The libraries log SDP and addresses on their lower levels: whatever the host's logging
    is set to, those stay off."""
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)


def host_addresses() -> tuple[str, ...]:
    """This host's addresses, as ICE would gather them: no loopback, no link-local IPv6."""
    return tuple(ice.get_host_addresses(use_ipv4=True, use_ipv6=True))


def _versions() -> list[str]:
    return [
        f"{name} is {version(name)}, not {expected}x"
        for name, expected in _VERSIONS.items()
        if not version(name).startswith(expected)
    ]


def _signatures() -> list[str]:
    return [
        f"{name} takes {found}, not {expected}"
        for name, (function, expected) in _SIGNATURES.items()
        if (found := list(inspect.signature(function).parameters)) != expected
    ]


def _attributes() -> list[str]:
    """Fields of instances, looked for on real ones; nothing of these is started."""
    peer = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    audio = peer.addTransceiver("audio")
    video = peer.addTransceiver("video")
    transport = audio.receiver.transport
    instances = {
        "aiortc.RTCRtpTransceiver": audio,
        "aiortc.RTCRtpSender": audio.sender,
        "aiortc.RTCRtpReceiver": video.receiver,
        "aiortc.RTCDtlsTransport": transport,
        "aiortc.RTCIceTransport": transport.transport,
        "aiortc.RTCIceGatherer": transport.transport.iceGatherer,
        "aioice.Connection": aioice.Connection(ice_controlling=False),
        "pylibsrtp.Session": Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_INBOUND)),
    }
    missing = [
        f"{owner} has no {name}"
        for owner, names in _FIELDS.items()
        for name in names
        if not hasattr(instances[owner], name)
    ]
    if video.receiver.transport is not transport:
        missing.append("sections of one bundle do not share a transport")
    return missing


def _binding() -> list[str]:
    missing = [f"libsrtp has no {name}" for name in _LIBSRTP if not hasattr(lib, name)]
    parameters = [str(each.cname) for each in ffi.typeof(lib.srtp_protect).args]
    if parameters[1:] != ["void *", "int *"]:
        missing.append(f"srtp_protect takes {parameters}")
    return missing
