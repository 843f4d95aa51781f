"""Every setting of Kolapp, declared once: name, type, default, check and one sentence.

The environment variable is `KOLAPP_` and the name in capitals; settings of the queue and of the
media node are `KOLAPP_QUEUE_...` and `KOLAPP_MEDIA_...`, see `composed_settings.py`.
`setting_sources.py` reads environment and flags; docs/settings.md is made from these files.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kolapp_media.settings import MediaSettings
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import GUESTS, STEPS

from .setting_kinds import (
    CARRIES_MEDIA,
    LISTEN,
    NAME,
    SECRET,
    SECRET_TEXT,
    SERVE,
    WEB_URL,
    YES_NO,
    matching,
    milliseconds,
    one_of,
    setting,
    whole,
    words,
)
from .surroundings import Surroundings

TICKET_STEPS = words("|".join({*(step.name for step in STEPS), *GUESTS}), "steps of a ticket")
SIGN_IN = matching(r"(https?://|/)[^\s<>]*", "an address such as https://care.example/sign-in")
MOST_MEDIA_NODES = 64  # of one `kolapp serve`
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Settings(Surroundings):
    """What one process of Kolapp runs with. Durations end in `_ms` and are milliseconds."""

    # What the provider's backend hears
    webhook_url: str = setting("", WEB_URL, "Where steps of tickets are posted, see webhooks.md.")
    webhook_secret: bytes = setting(b"", SECRET, "Key that webhooks are signed with.")
    webhook_events: tuple[str, ...] = setting(
        (), TICKET_STEPS, "Steps that are posted, such as called_away; empty: all."
    )
    webhook_timeout_ms: int = setting(
        5_000, milliseconds(high=10_000), "A webhook must be answered within this."
    )
    webhook_age_ms: int = setting(
        86_400_000,
        milliseconds(high=7 * 86_400_000),
        "What happened longer ago is not posted any more.",
    )

    # The pages
    emergency_number: str = setting(
        "112",
        matching(r"\+?[0-9]{2,15}", "a telephone number, digits only"),
        "What the pages say to call in an emergency; empty: nothing, your own page says it.",
    )
    sign_in_patient: str = setting(
        "", SIGN_IN, "Where the patient's page leads who must sign in; empty: it loads itself anew."
    )
    sign_in_clinician: str = setting("", SIGN_IN, "The same of the clinician's page.")

    # Relays for networks that let no UDP through
    turn_urls: tuple[str, ...] = setting(
        (),
        words(r"turns?:[^\s,@]+", "TURN servers such as turns:turn.care.example:443?transport=tcp"),
        "TURN servers that calls may go through, see relays.md.",
    )
    turn_secret: bytes = setting(
        b"", SECRET_TEXT, "What the TURN servers check credentials with, as it is written there."
    )
    turn_ttl_s: int = setting(
        600,
        whole(60, 3_600),
        "Seconds in which credentials of TURN may be used for a new connection.",
    )

    # The nodes
    cluster_secret: bytes = setting(
        b"", SECRET, "Secret between signalling and media nodes; the same on all of them."
    )
    node_id: str = setting("", NAME, "Name of this node; empty makes a random one.")
    node_lease_ms: int = setting(
        3_000, milliseconds(300), "A node that does not renew its lease for so long counts as dead."
    )
    media_control: str = setting(
        "127.0.0.1:0",
        LISTEN,
        "Where a media node listens for signalling nodes.",
        "--media-control",
        CARRIES_MEDIA,
    )

    workers: int = setting(
        1,
        whole(1, MOST_WORKERS),
        "Signalling nodes of `kolapp serve`; several need Linux and share the port.",
        "--workers",
        (SERVE,),
    )
    share_port: bool = setting(
        False,
        YES_NO,
        "Let other signalling nodes of this user listen on the same port; Linux only.",
    )
    media_nodes: int = setting(
        0,
        whole(0, MOST_MEDIA_NODES),
        "Media nodes of `kolapp serve`; 0 is one a core beyond the first, at least one.",
        "--media-nodes",
        (SERVE,),
    )

    # A connection
    hello_timeout_ms: int = setting(
        2_000, milliseconds(), "The first message must come within this."
    )
    ping_every_ms: int = setting(20_000, milliseconds(), "How often a quiet client is pinged.")
    pong_timeout_ms: int = setting(15_000, milliseconds(), "A ping must be answered within this.")
    resume_window_ms: int = setting(
        120_000, milliseconds(), "A lost session can be resumed for so long."
    )
    absent_after_ms: int = setting(
        5_000, milliseconds(), "A patient whose connection is lost for so long counts as away."
    )
    max_connections: int = setting(
        15_000, whole(1, 1_000_000), "WebSockets that one node takes at the same time."
    )
    max_per_address: int = setting(
        7_500, whole(1, 1_000_000), "The same of one address; of IPv6, of one network of 64 bits."
    )
    max_ungreeted_per_address: int = setting(
        1_000, whole(1, 1_000_000), "Of those, such as have not said yet who they are."
    )
    max_frame_bytes: int = setting(
        65_536, whole(1_024, 1_048_576), "Largest message a client may send."
    )
    outbox_limit: int = setting(
        64, whole(4, 4_096), "Messages that may wait for a slow reader before it is closed."
    )
    errors_before_close: int = setting(
        20, whole(1, 1_000), "Bad messages in a row before a connection is closed."
    )

    messages_per_s: int = setting(
        100, whole(1, 100_000), "A client that sends more messages a second is read more slowly."
    )
    frames_per_s: int = setting(
        2_000, whole(10, 10**6), "A client that sends more frames a second is closed."
    )
    message_timeout_ms: int = setting(
        10_000, milliseconds(), "A message must be complete so long after its first byte."
    )

    # Places
    place_front_count: int = setting(20, whole(0, 1_000), "Tickets that count as the front.")
    place_front_ms: int = setting(
        200, milliseconds(), "Changes of place are gathered so long for the front of a queue."
    )
    place_tail_ms: int = setting(2_000, milliseconds(), "The same for everybody behind the front.")

    # Starting and stopping
    start_timeout_ms: int = setting(
        15_000, milliseconds(), "A process of `kolapp serve` must be ready within this."
    )
    stop_timeout_ms: int = setting(
        15_000, milliseconds(), "A process that is told to stop is killed after this."
    )
    store_patience_ms: int = setting(
        10_000, milliseconds(), "A node that cannot reach the store sends all away after so long."
    )
    drain_per_s: int = setting(
        200, whole(1, 1_000_000), "Connections that a stopping node sends elsewhere in a second."
    )
    drain_ms: int = setting(
        10_000, milliseconds(), "All of them are sent off within this, however many there are."
    )
    reconnect_hint_ms: int = setting(1_000, milliseconds(), "They come back spread over so long.")
    leaving_ms: int = setting(
        0, milliseconds(low=0), "A stopping node is not ready for so long before it sends them off."
    )
    restart_delay_ms: int = setting(
        100, milliseconds(), "First pause before a process that died at once is started again."
    )
    restart_delay_max_ms: int = setting(
        5_000, milliseconds(), "Longest such pause; it doubles from the first."
    )
    spares: bool = setting(
        True,
        YES_NO,
        "Keep a loaded process for each node of `kolapp serve`, to replace it at once.",
    )
    spare_delay_ms: int = setting(
        3_000, milliseconds(low=0), "A spare is loaded so long after its node is ready."
    )
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "How much is logged."
    )
    log_format: str = setting(
        "text", one_of("text", "json"), "How the nodes log: lines for people, or JSON objects."
    )

    queue: QueueSettings = field(default_factory=QueueSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
