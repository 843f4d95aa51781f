"""The media node's settings: plain values; who reads the environment is `kolapp_signalling`."""

from __future__ import annotations

from dataclasses import dataclass

USUAL_PARTICIPANTS = 2  # of a visit: guests are few, so a node's capacity is counted in pairs


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Durations in seconds, sizes in bytes."""

    # Addresses to bind media sockets to, one socket each per leg; empty: all this host has.
    hosts: tuple[str, ...] = ("127.0.0.1",)
    # What clients are told in place of them, as pairs; see `advertised`.
    advertised: tuple[tuple[str, str], ...] = ()
    # UDP ports of media, first and last; 0 and 0: any. A leg takes one on each address, and two
    # while it is replaced; without a free one it is refused as `too_many_legs`.
    ports: tuple[int, int] = (0, 0)
    # How many legs this node carries at most; more are refused as `too_many_legs`.
    max_legs: int = 200
    # A node that uses more of its core, or is so much behind its own timers (seconds), takes no
    # new visits: refused as `too_many_legs`, so that they go to another node.
    most_cpu: float = 0.85
    most_late: float = 0.25
    # The part of them that may be warm: of people who have no visit yet.
    most_warm: float = 0.5
    # How many participants one visit may have here.
    max_participants: int = 4
    # A leg that is not connected this long after its offer has failed. Needed because without
    # remote candidates and their end ICE itself waits for ever.
    connect_timeout: float = 15.0
    # Consent to send (RFC 7675) is asked this often, and is gone after so many misses in a row.
    consent_interval: float = 2.0
    consent_failures: int = 5
    # The same while its packets still arrive: on a bad line the answers may just be lost.
    consent_failures_heard: int = 14
    # A visit whose last leg has gone is forgotten after this long; generations with it.
    visit_linger: float = 60.0

    # A participant's new offers in any so many seconds; more are refused as `too_many_offers`.
    # One costs about 3 ms; a browser makes a new one when its network has changed.
    offers: int = 5
    offers_window: float = 10.0
    # An offer is refused unread beyond these.
    sdp_bytes: int = 60_000
    sdp_lines: int = 1_000
    sdp_sections: int = 8

    # What one leg may send: beyond it packets are dropped, other legs do not notice.
    packets_per_second: int = 3_000
    bytes_per_second: int = 1_500_000
    # Compounds of RTCP; a browser that misses much sends some twenty.
    feedback_per_second: int = 200
    # Network addresses one leg may prove to be its own (each costs memory).
    remote_addresses: int = 32
    # DTLS datagrams waiting for the handshake; the newest is dropped when full.
    dtls_queue: int = 64
    # SSRCs one leg may use; packets of further ones are dropped unread.
    sources_per_leg: int = 16

    # Packets of video kept for each leg, to be sent again; rounded up to a power of two. As it
    # is, some two seconds.
    history_packets: int = 256
    # Packets sent again to one leg in a second; who asks for more gets a key frame instead.
    resends_per_second: int = 200
    # Packets of one stream that are waited for; when more are gone only a key frame helps.
    most_missing: int = 128
    # A missing packet may only have been overtaken: wait so long before asking for it.
    reorder_patience: float = 0.01
    # After so long it is not worth asking any more.
    repair_for: float = 1.0

    # A publisher is asked for a key frame at most this often, however many ask.
    key_frame_interval: float = 0.3
    # When forwarding opens a key frame is asked for, and again while no packet flows.
    key_frame_attempts: int = 4

    # What a publisher is told to send, in bits a second, sound and picture together: at the
    # beginning, when nobody has measured yet; and at most.
    first_bandwidth: int = 800_000
    most_bandwidth: int = 2_500_000
    # A receiver that is sent to and has not reported for so long is taken to be in trouble, and
    # its publisher told to send no more than this.
    feedback_patience: float = 6.0
    silent_bandwidth: int = 300_000
    # How often the quality of each leg is told to the diallers.
    quality_interval: float = 5.0
    # A browser of which nothing has come for so long is silent: that is told at once. Longer than
    # between two checks for consent, which also a browser without camera and microphone answers.
    silence: float = 3.0
    # After so long without an authentic packet a leg is lost: the browser makes another one.
    away: float = 6.0

    # Control socket: both sides have proved themselves within this or the socket is closed.
    handshake_timeout: float = 2.0
    # Requests of one dialler being worked on; beyond it the node stops reading the socket.
    outstanding_requests: int = 64
    # Diallers at the same time; a further one is closed at once.
    max_diallers: int = 64
    # Unread bytes after which a dialler that does not read is closed.
    control_backlog: int = 4 * 1024 * 1024
    # A drain waits this long for the visits to end before the node closes them.
    drain_timeout: float = 3_600.0
