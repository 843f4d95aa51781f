"""`kolapp serve --lan`: an address that phones in the same network reach, and HTTPS for it.

Browsers give camera and microphone to HTTPS pages only (or to loopback), so a certificate is
made and kept. No authority vouches for it: each phone asks once whether to go on.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
from dataclasses import replace
from pathlib import Path

from .development import is_loopback
from .keyring import private_directory, replace_secret
from .process import StartRefused
from .settings import Settings

CERTIFICATE_DAYS = 365  # phones refuse certificates that live longer than about 13 months
RENEW_BEFORE_DAYS = 30
# RFC 5737 documentation address: asking for the route to it sends no packet.
_ELSEWHERE = ("192.0.2.1", 9)


def open_to_lan(settings: Settings, now: datetime.datetime) -> Settings:
    """Listen on this machine's address in the local network, with HTTPS, and on no other.

    `--host` chooses the address where the machine has several.
    Raises StartRefused when there is none.
    """
    chosen = settings.http_host
    address = lan_address() if is_loopback(chosen) else chosen
    directory = private_directory(settings.data_dir.absolute()) / "lan"
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None:
        certificate, key = kept_certificate(directory, address, now)
    media = settings.media.hosts
    return replace(
        settings,
        http_host=address,
        tls_cert=certificate,
        tls_key=key,
        media=replace(settings.media, hosts=(address,) if all(map(is_loopback, media)) else media),
    )


def lan_address() -> str:
    """The address this machine uses towards others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            address = str(probe.getsockname()[0])
        except OSError:
            address = ""
    if not address or is_loopback(address) or ipaddress.ip_address(address).is_link_local:
        raise StartRefused(
            "This machine has no address in a local network, so no phone can reach it: join a "
            "network, or name the address with --host."
        )
    return address


def kept_certificate(directory: Path, address: str, now: datetime.datetime) -> tuple[Path, Path]:
    """Paths of a certificate for `address` and of its key; made anew when it moved or grew old."""
    certificate, key = directory / "certificate.pem", directory / "certificate-key.pem"
    note = directory / "certificate.json"  # read at each start in place of a heavy X.509 parser
    renew = now + datetime.timedelta(days=RENEW_BEFORE_DAYS)
    try:
        made = json.loads(note.read_text(encoding="utf-8"))
        fits = made["address"] == address and made["expires"] > renew.timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        fits = False
    if not (fits and certificate.exists() and key.exists()):
        expires = now + datetime.timedelta(days=CERTIFICATE_DAYS)
        chain, secret = _new_certificate(address, now, expires)
        replace_secret(directory, key.name, secret)
        replace_secret(directory, certificate.name, chain)
        text = json.dumps({"address": address, "expires": int(expires.timestamp())})
        replace_secret(directory, note.name, text.encode())
    return certificate, key


def _new_certificate(
    address: str, now: datetime.datetime, expires: datetime.datetime
) -> tuple[bytes, bytes]:
    # Imported here: a start that finds its certificate does without this heavy package.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kolapp in this network")])
    others: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(address))]
    hostname = socket.gethostname()
    if hostname.isascii():
        others.append(x509.DNSName(hostname))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # phones' clocks differ
        .not_valid_after(expires)
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def qr_code(url: str) -> str:
    """The URL as a QR code of block characters, for a terminal."""
    import io

    import segno

    text = io.StringIO()
    segno.make(url, error="m").terminal(text, compact=True)
    return text.getvalue()
