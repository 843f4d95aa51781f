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
    QueueTitle,
    milliseconds,
    one_of,
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
        (QueueTitle("drop-in", "Drop-in"),), QUEUES, "The queues and their titles.", "--queue", WEB
    )

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
    media_hosts: tuple[str, ...] = setting(
        ("127.0.0.1",), ADDRESSES, "Addresses that media listens on.", "--media-host", CARRIES_MEDIA
    )
    media_control: str = setting(
        "127.0.0.1:0",
        LISTEN,
        "Where a media node listens for signalling nodes.",
        "--media-control",
        CARRIES_MEDIA,
    )
    media_capacity: int = setting(80, whole(1, 10_000), "Visits that one media node takes.")

    # A connection
    hello_timeout_ms: int = setting(
        2_000, milliseconds(), "The first message must come within this."
    )
    ping_every_ms: int = setting(20_000, milliseconds(), "How often a quiet client is pinged.")
    pong_timeout_ms: int = setting(15_000, milliseconds(), "A ping must be answered within this.")
    resume_window_ms: int = setting(
        120_000, milliseconds(), "A lost session can be resumed for so long."
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
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "How much is logged."
    )

    queue: QueueSettings = field(default_factory=QueueSettings)


# Sentences of the settings that the packages below declare; a test finds the one that is missing.
COMPOSED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "queue": {
            "ring_ms": "How long a call rings.",
            "missed_calls": "Calls a patient may miss and keep the place.",
            "away_grace_ms": "How long an absent patient keeps the place.",
            "duty_lease_ms": "A clinician counts as on duty so long after the last sign.",
            "retention_ms": "How long an ended ticket or visit can still be read.",
            "command_timeout_ms": "The store must answer a command within this.",
            "resync_ms": "A lost hint costs at most this.",
            "visit_prior_ms": "Mean length of a visit before the queue has its own figures.",
        },
    }
)
