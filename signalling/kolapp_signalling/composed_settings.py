"""What the settings of the packages below are: kind, check and one sentence for each.

Those packages declare names and defaults and know nothing of environment and flags. A test finds
the setting that is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kolapp_queue.settings import BRIDGE, DIRECT

from .setting_kinds import (
    ADDRESSES,
    ADVERTISED,
    CARRIES_MEDIA,
    PORTS,
    YES_NO,
    Declared,
    milliseconds,
    one_of,
    seconds,
    whole,
)

COMPOSED: Mapping[str, Mapping[str, Declared]] = MappingProxyType(
    {
        "queue": {
            "ring_ms": Declared(milliseconds(), "How long a call rings."),
            "missed_calls": Declared(whole(0, 100), "Calls a patient may miss and keep the place."),
            "vanished_calls": Declared(
                whole(1, 100),
                "Calls of one patient in a row that may end because the clinician vanished; then "
                "only a clinician who sees the board can call them.",
            ),
            "away_grace_ms": Declared(
                milliseconds(), "How long an absent patient keeps the place."
            ),
            "duty_lease_ms": Declared(
                milliseconds(), "A clinician counts as on duty so long after the last sign."
            ),
            "retention_ms": Declared(
                milliseconds(high=31 * 86_400_000),
                "How long an ended ticket or visit can still be read.",
            ),
            "command_timeout_ms": Declared(
                milliseconds(), "The store must answer a command within this."
            ),
            "resync_ms": Declared(milliseconds(), "A lost hint costs at most this."),
            "visit_prior_ms": Declared(
                milliseconds(), "Mean length of a visit before the queue has its own figures."
            ),
            "undo_ms": Declared(milliseconds(low=0), "A pull can be undone within this."),
            "wrap_up_ms": Declared(milliseconds(low=0), "A clinician's pause after each visit."),
            "visit_grace_ms": Declared(
                milliseconds(low=0),
                "A visit stays open so long for a clinician who vanished from it.",
            ),
            "take_over": Declared(YES_NO, "A colleague may take such a visit over."),
            "one_call_at_a_time": Declared(
                YES_NO, "Who waits in several queues is called in one at a time."
            ),
            "forecast_lease_ms": Declared(
                milliseconds(),
                "A node that computed waiting times and died is succeeded after this.",
            ),
            "events_ms": Declared(
                milliseconds(high=31 * 86_400_000),
                "How long the events of a queue are kept for audit and webhooks.",
            ),
            "mode": Declared(
                one_of(BRIDGE, DIRECT),
                "Sound and picture over the media nodes, or between the two people directly.",
            ),
            "direct_relay_only": Declared(YES_NO, "In direct mode, over TURN servers alone."),
            "encrypted": Declared(YES_NO, "Calls are encrypted end to end."),
            "guests": Declared(whole(0, 2), "So many guests may be in a visit at a time."),
        },
        "media": {
            "hosts": Declared(
                ADDRESSES,
                "Addresses that media listens on; empty takes all of this machine.",
                "--media-host",
                CARRIES_MEDIA,
            ),
            "advertised": Declared(
                ADVERTISED,
                "What clients are told in place of these addresses, where a 1:1 NAT is in front.",
                "--media-advertised",
                CARRIES_MEDIA,
            ),
            "ports": Declared(
                PORTS,
                "UDP ports of media; a leg takes one on each address, two while it is replaced.",
                "--media-ports",
                CARRIES_MEDIA,
            ),
            "max_legs": Declared(whole(2, 100_000), "Legs that one media node carries."),
            "most_cpu": Declared(
                replace(seconds(0.1, 1), allowed="a number from 0.1 to 1"),
                "Part of its core beyond which a media node takes no new visits.",
            ),
            "most_late": Declared(
                seconds(0.01, 10), "How late its own timers may be before it takes none either."
            ),
            "most_warm": Declared(
                replace(seconds(0, 1), allowed="a number from 0 to 1"),
                "Part of them that may be of people who have no visit yet.",
            ),
            "max_participants": Declared(whole(2, 4), "Participants that one visit may have."),
            "connect_timeout": Declared(
                seconds(1, 300), "A leg that is not connected so long after its offer has failed."
            ),
            "consent_interval": Declared(
                seconds(0.5, 60), "How often a peer's consent to receive is asked for."
            ),
            "consent_failures": Declared(
                whole(1, 100), "Unanswered such questions in a row that end a leg."
            ),
            "consent_failures_heard": Declared(
                whole(1, 1_000), "The same while the peer's packets still arrive."
            ),
            "visit_linger": Declared(
                seconds(0, 3_600), "A visit whose last leg has gone is forgotten after this."
            ),
            "offers": Declared(whole(1, 1_000), "New offers of a participant in one window."),
            "offers_window": Declared(seconds(1, 3_600), "Length of the window for offers."),
            "sdp_bytes": Declared(whole(1_024, 250_000), "Longest offer that is read."),
            "sdp_lines": Declared(whole(20, 10_000), "Most lines of an offer that is read."),
            "sdp_sections": Declared(whole(2, 32), "Most media sections of an offer."),
            "packets_per_second": Declared(
                whole(100, 1_000_000), "Packets that one leg may send; more are dropped."
            ),
            "bytes_per_second": Declared(
                whole(10_000, 10**9), "Bytes that one leg may send; more are dropped."
            ),
            "feedback_per_second": Declared(
                whole(10, 100_000), "Reports that one leg may send; more are dropped."
            ),
            "remote_addresses": Declared(
                whole(1, 1_000), "Network addresses that one leg may prove to be its own."
            ),
            "dtls_queue": Declared(
                whole(1, 10_000), "Handshake datagrams that wait; when full the newest is dropped."
            ),
            "sources_per_leg": Declared(whole(2, 1_000), "Media sources (SSRC) of one leg."),
            "history_packets": Declared(
                whole(16, 65_536), "Video packets kept for each leg, to be sent again."
            ),
            "resends_per_second": Declared(
                whole(1, 100_000), "Packets sent again to one leg; for more it gets a key frame."
            ),
            "most_missing": Declared(
                whole(1, 10_000), "Lost packets of a stream that are waited for."
            ),
            "reorder_patience": Declared(
                seconds(0, 1), "How long a missing packet may just have been overtaken."
            ),
            "repair_for": Declared(seconds(0.1, 60), "How long a lost packet is asked for."),
            "key_frame_interval": Declared(
                seconds(0, 60), "A publisher is asked for a key frame at most this often."
            ),
            "key_frame_attempts": Declared(
                whole(1, 100), "How often a key frame is asked for while no packet flows."
            ),
            "first_bandwidth": Declared(
                whole(60_000, 10**9), "Bits a second that a publisher is told to begin with."
            ),
            "most_bandwidth": Declared(
                whole(60_000, 10**9), "Bits a second that a publisher is told at most."
            ),
            "feedback_patience": Declared(
                seconds(1, 300), "A receiver that is silent for so long is in trouble."
            ),
            "silent_bandwidth": Declared(
                whole(60_000, 10**9), "Bits a second that may be sent to such a receiver."
            ),
            "quality_interval": Declared(
                seconds(0.1, 3_600), "How often the quality of each leg is told."
            ),
            "silence": Declared(
                seconds(2.5, 60), "A browser of which nothing came for so long is gone."
            ),
            "away": Declared(
                seconds(1, 60), "A leg of which nothing has come for so long is lost."
            ),
            "handshake_timeout": Declared(
                seconds(0.1, 60), "Both ends of a control socket prove themselves within this."
            ),
            "outstanding_requests": Declared(
                whole(1, 10_000), "Requests of one signalling node that are worked on at a time."
            ),
            "max_diallers": Declared(whole(1, 10_000), "Signalling nodes connected at a time."),
            "control_backlog": Declared(
                whole(65_536, 2**30), "Unread bytes after which a signalling node is cut off."
            ),
            "drain_timeout": Declared(
                seconds(0, 86_400), "A drain waits so long for visits to end."
            ),
        },
    }
)
