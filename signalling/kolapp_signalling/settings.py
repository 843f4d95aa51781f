"""Every setting of Kolapp, declared once: name, type, default, check and one sentence.

The environment variable is `KOLAPP_` and the name in capitals; settings of the queue and of the
media node are `KOLAPP_QUEUE_...` and `KOLAPP_MEDIA_...`. `setting_sources.py` reads environment
and flags; docs/settings.md is made from this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kolapp_media.settings import MediaSettings
from kolapp_queue.settings import QueueSettings

from .setting_kinds import (
    ADDRESSES,
    FILE,
    HOST,
    LISTEN,
    MEDIA,
    NAME,
    PATH,
    QUEUES,
    SECRET,
    SERVE,
    SIGNALLING,
    STORE_URL,
    TEXT,
    YES_NO,
    Declared,
    QueueTitle,
    milliseconds,
    one_of,
    seconds,
    setting,
    whole,
    words,
)

WEB = (SERVE, SIGNALLING)
CARRIES_MEDIA = (SERVE, MEDIA)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process of Kolapp runs with. Durations end in `_ms` and are milliseconds."""

    # Where the server listens
    http_host: str = setting("127.0.0.1", HOST, "Address of the web server.", "--host", WEB)
    http_port: int = setting(
        8080, whole(0, 65_535), "Port of the web server; 0 takes any free one.", "--port", WEB
    )
    tls_cert: Path | None = setting(None, FILE, "PEM certificate chain; with it, HTTPS.")
    tls_key: Path | None = setting(None, FILE, "PEM private key of the certificate.")
    trusted_origins: tuple[str, ...] = setting(
        (),
        words(r"https?://[^/\s]+", "origins such as https://care.example"),
        "Web origins that may connect beside the server's own.",
    )
    lan: bool = setting(
        False, YES_NO, "Let phones in this network try it: HTTPS, demo tokens.", "--lan", (SERVE,)
    )

    # What it keeps
    data_dir: Path = setting(
        Path(".kolapp"), PATH, "Directory of the embedded store and the keys.", "--data-dir"
    )
    store_url: str = setting(
        "", STORE_URL, "Redis or Valkey to use; empty starts an embedded one.", "--store-url"
    )
    queues: tuple[QueueTitle, ...] = setting(
        (QueueTitle("drop-in", "Drop-in"),),
        QUEUES,
        "The queues and their titles, where there is no file of queues.",
        "--queue",
        WEB,
    )
    queues_file: Path | None = setting(
        None, FILE, "TOML file of all queues, see queues.md.", "--queues-file", WEB
    )
    store_rewrite_ms: int = setting(
        86_400_000,
        milliseconds(high=31 * 86_400_000),
        "The embedded store's file is rewritten so often: what expired leaves the disk then.",
    )
    seal_keys: Path | None = setting(
        None, FILE, "Keys that seal what patients write, as lines ID:HEX, the newest last."
    )
    audit: bool = setting(True, YES_NO, "Write the audit files, unless another node does.")
    audit_dir: Path | None = setting(
        None, FILE, "Directory of the audit files; empty is `audit` in the data directory."
    )
    audit_years: int = setting(5, whole(1, 100), "Audit files are deleted after so many years.")

    # Who may come in
    jwt_key_file: Path | None = setting(
        None, FILE, "Key that tokens are checked with: PEM public key, JWKS, or a raw HMAC secret."
    )
    jwt_issuer: str = setting("", TEXT, "The `iss` a token must carry.")
    jwt_audience: str = setting("", TEXT, "The `aud` a token must carry.")
    jwt_algorithms: tuple[str, ...] = setting(
        ("EdDSA", "ES256", "RS256"),
        words(r"EdDSA|(ES|RS|PS|HS)(256|384|512)", "JWS algorithms such as EdDSA or RS256"),
        "Signature algorithms that are accepted.",
    )
    jwt_provider_claim: str = setting("provider", NAME, "Claim that names the provider.")
    jwt_role_claim: str = setting("role", NAME, "Claim that says patient or clinician.")
    jwt_priority_claim: str = setting("priority", NAME, "Claim with a patient's priority band.")
    jwt_professions_claim: str = setting("professions", NAME, "Claim: a clinician's professions.")
    jwt_languages_claim: str = setting("languages", NAME, "Claim: languages a clinician speaks.")
    jwt_skills_claim: str = setting("skills", NAME, "Claim with a clinician's skills.")
    jwt_ages_claim: str = setting("ages", NAME, "Claim: lowest and highest age a clinician sees.")
    jwt_board_claim: str = setting("board", NAME, "Claim: true for who may see who waits.")
    jwt_unit_claim: str = setting("unit", NAME, "Claim with a clinician's unit, for the audit.")
    jwt_leeway_s: int = setting(
        10, whole(0, 300), "Seconds by which the token's clock may differ from ours."
    )
    demo: bool = setting(
        False, YES_NO, "Hand out demo tokens; switched on by itself while no keys are configured."
    )
    demo_provider: str = setting("demo", NAME, "Provider that demo tokens carry.")
    identity_pepper: bytes = setting(
        b"", SECRET, "Key that turns people into the store's pseudonyms; the same on all nodes."
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
    max_frame_bytes: int = setting(
        65_536, whole(1_024, 1_048_576), "Largest frame a client may send."
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
        5_000, milliseconds(), "A process that is told to stop is killed after this."
    )
    restart_delay_ms: int = setting(
        100, milliseconds(), "First pause before a process that died at once is started again."
    )
    restart_delay_max_ms: int = setting(
        5_000, milliseconds(), "Longest such pause; it doubles from the first."
    )
    spares: bool = setting(
        True, YES_NO, "`kolapp serve` keeps a loaded process for each node, to replace it at once."
    )
    spare_delay_ms: int = setting(
        3_000, milliseconds(low=0), "A spare is loaded so long after its node is ready."
    )
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "How much is logged."
    )

    queue: QueueSettings = field(default_factory=QueueSettings)
    media: MediaSettings = field(default_factory=MediaSettings)


# What the settings of the packages below are; a test finds the one that is missing.
COMPOSED: Mapping[str, Mapping[str, Declared]] = MappingProxyType(
    {
        "queue": {
            "ring_ms": Declared(milliseconds(), "How long a call rings."),
            "missed_calls": Declared(whole(0, 100), "Calls a patient may miss and keep the place."),
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
            "events_ms": Declared(
                milliseconds(high=31 * 86_400_000),
                "How long the events of a queue are kept for audit and webhooks.",
            ),
        },
        "media": {
            "hosts": Declared(
                ADDRESSES,
                "Addresses that media listens on; empty takes all of this machine.",
                "--media-host",
                CARRIES_MEDIA,
            ),
            "max_legs": Declared(whole(2, 100_000), "Legs that one media node carries."),
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
            "remote_addresses": Declared(
                whole(1, 1_000), "Network addresses that one leg may prove to be its own."
            ),
            "dtls_queue": Declared(
                whole(1, 10_000), "Handshake datagrams that wait; when full the newest is dropped."
            ),
            "sources_per_leg": Declared(whole(2, 1_000), "Media sources (SSRC) of one leg."),
            "key_frame_interval": Declared(
                seconds(0, 60), "A publisher is asked for a key frame at most this often."
            ),
            "key_frame_attempts": Declared(
                whole(1, 100), "How often a key frame is asked for while no packet flows."
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
