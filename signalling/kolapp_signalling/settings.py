"""Every setting of Kolapp, declared once: name, type, default, check and one sentence.

The environment variable is `KOLAPP_` and the name in capitals; settings of the queue and of the
media node are `KOLAPP_QUEUE_...` and `KOLAPP_MEDIA_...`, see `composed_settings.py`.
`setting_sources.py` reads environment and flags; docs/settings.md is made from these files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kolapp_media.settings import MediaSettings
from kolapp_queue.settings import QueueSettings
from kolapp_queue.states import STEPS

from .setting_kinds import (
    BY_ROLE,
    CARRIES_MEDIA,
    FILE,
    HOST,
    JWKS_URL,
    LISTEN,
    NAME,
    NETWORKS,
    PATH,
    QUEUES,
    SECRET,
    SERVE,
    STORE_URL,
    TEXT,
    WEB,
    WEB_URL,
    YES_NO,
    ByRole,
    Network,
    QueueTitle,
    milliseconds,
    one_of,
    setting,
    whole,
    words,
)

TICKET_STEPS = words("|".join({step.name for step in STEPS}), "steps of a ticket")
MOST_MEDIA_NODES = 64  # of one `kolapp serve`
MOST_WORKERS = 64


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
    trusted_proxies: tuple[Network, ...] = setting(
        (), NETWORKS, "Proxies whose X-Forwarded-For is believed; of others it is ignored."
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
    jwt_jwks_url: str = setting(
        "", JWKS_URL, "Where the issuer publishes its keys (JWKS); used in place of the file."
    )
    jwt_refresh_ms: int = setting(
        600_000, milliseconds(1_000), "The issuer's keys are read again so often."
    )
    jwt_issuer: str = setting("", TEXT, "The `iss` a token must carry.")
    jwt_audience: str = setting("", TEXT, "The `aud` a token must carry.")
    jwt_algorithms: tuple[str, ...] = setting(
        ("EdDSA", "ES256", "RS256"),
        words(r"EdDSA|(ES|RS|PS|HS)(256|384|512)", "JWS algorithms such as EdDSA or RS256"),
        "Signature algorithms that are accepted.",
    )
    jwt_subject_claim: str = setting("sub", NAME, "Claim that names the person.")
    jwt_roles: ByRole = setting(
        (), BY_ROLE, "What the issuer calls our roles, such as clinician=doctor."
    )
    jwt_level_claim: str = setting("acr", NAME, "Claim with the level of assurance of the login.")
    jwt_levels: ByRole = setting(
        (), BY_ROLE, "Levels of that claim that each role asks for; empty is any."
    )
    token_notice_ms: int = setting(
        60_000, milliseconds(), "A client is asked for a fresh token so long before its own ends."
    )
    jwt_provider_claim: str = setting("provider", NAME, "Claim that names the provider.")
    jwt_role_claim: str = setting("role", NAME, "Claim with patient, clinician or operator.")
    jwt_priority_claim: str = setting("priority", NAME, "Claim with a patient's priority band.")
    jwt_professions_claim: str = setting("professions", NAME, "Claim: a clinician's professions.")
    jwt_languages_claim: str = setting("languages", NAME, "Claim: languages a clinician speaks.")
    jwt_skills_claim: str = setting("skills", NAME, "Claim with a clinician's skills.")
    jwt_ages_claim: str = setting("ages", NAME, "Claim: lowest and highest age a clinician sees.")
    jwt_board_claim: str = setting("board", NAME, "Claim: true for who may see who waits.")
    jwt_unit_claim: str = setting("unit", NAME, "Claim with the care unit of staff, for the audit.")
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

    # Relays for networks that let no UDP through
    turn_urls: tuple[str, ...] = setting(
        (),
        words(r"turns?:[^\s,@]+", "TURN servers such as turns:turn.care.example:443?transport=tcp"),
        "TURN servers that calls may go through, see relays.md.",
    )
    turn_secret: bytes = setting(b"", SECRET, "What the TURN servers check credentials with.")
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
        5_000, milliseconds(), "A process that is told to stop is killed after this."
    )
    drain_per_s: int = setting(
        500, whole(1, 1_000_000), "Connections that a stopping node sends elsewhere in a second."
    )
    drain_ms: int = setting(
        3_000, milliseconds(), "All of them are sent off within this, however many there are."
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

    queue: QueueSettings = field(default_factory=QueueSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
