"""What is around a process: where it listens, what it keeps, and whose tokens it takes. The rest of
the settings, and how they are declared and read, is in `settings.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .setting_kinds import (
    BY_ROLE,
    FILE,
    HOST,
    JWKS_URL,
    NAME,
    NETWORKS,
    PATH,
    QUEUES,
    SECRET,
    SERVE,
    STORE_URL,
    TEXT,
    WEB,
    YES_NO,
    ByRole,
    Network,
    QueueTitle,
    milliseconds,
    setting,
    whole,
    words,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The first part of `Settings`."""

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
    jwt_revoked_file: Path | None = setting(
        None, FILE, "Whose tokens count no more, as lines of a pseudonym and perhaps a time."
    )
    jwt_level_claim: str = setting("acr", NAME, "Claim with the level of assurance of the login.")
    jwt_levels: ByRole = setting(
        (), BY_ROLE, "Levels of that claim that each role asks for; empty is any."
    )
    token_notice_ms: int = setting(
        60_000, milliseconds(), "A client is asked for a fresh token so long before its own ends."
    )
    guest_code_ttl_ms: int = setting(
        1_800_000, milliseconds(1_000), "A guest's link is good for so long, or until it is used."
    )
    guest_pass_ttl_ms: int = setting(
        14_400_000, milliseconds(1_000), "A guest may come back for so long, while the visit lasts."
    )
    jwt_provider_claim: str = setting("provider", NAME, "Claim that names the provider.")
    jwt_role_claim: str = setting("role", NAME, "Claim: patient, clinician, operator or backend.")
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
