import datetime
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from kolapp_signalling import lan
from kolapp_signalling.development import prepare
from kolapp_signalling.lan import kept_certificate, lan_address, open_to_lan, qr_code
from kolapp_signalling.process import StartRefused
from kolapp_signalling.setting_kinds import SERVE
from kolapp_signalling.settings import Settings

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def names_in(certificate):
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def test_a_server_can_use_the_certificate(tmp_path):
    certificate, key = kept_certificate(tmp_path, "192.168.1.7", NOW)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    assert names_in(certificate) == ["192.168.1.7"]
    assert key.stat().st_mode & 0o077 == 0


def test_the_certificate_is_kept_so_that_a_phone_asks_once(tmp_path):
    first = kept_certificate(tmp_path, "192.168.1.7", NOW)[0].read_bytes()
    assert kept_certificate(tmp_path, "192.168.1.7", NOW + 300 * DAY)[0].read_bytes() == first


@pytest.mark.parametrize(
    ("address", "later"), [("192.168.1.8", 1), ("192.168.1.7", 340), ("192.168.1.7", 400)]
)
def test_it_is_made_anew_when_it_does_not_fit_any_more(tmp_path, address, later):
    first = kept_certificate(tmp_path, "192.168.1.7", NOW)[0].read_bytes()
    again = kept_certificate(tmp_path, address, NOW + later * DAY)[0]
    assert again.read_bytes() != first
    assert names_in(again) == [address]


def test_a_damaged_note_only_costs_a_new_certificate(tmp_path):
    kept_certificate(tmp_path, "192.168.1.7", NOW)
    (tmp_path / "certificate.json").write_text("[")
    assert names_in(kept_certificate(tmp_path, "192.168.1.7", NOW)[0]) == ["192.168.1.7"]


def test_lan_listens_on_the_named_address_and_no_other(tmp_path):
    asked = Settings(data_dir=tmp_path, lan=True, http_host="192.168.1.7")
    opened = prepare(open_to_lan(asked, NOW), SERVE)
    assert (opened.http_host, opened.media.hosts) == ("192.168.1.7", ("192.168.1.7",))
    assert opened.media_control == "127.0.0.1:0"
    assert opened.tls_cert == tmp_path / "lan" / "certificate.pem"
    assert opened.demo


def test_a_certificate_of_the_operator_is_used(tmp_path):
    own = {"tls_cert": tmp_path / "c.pem", "tls_key": tmp_path / "k.pem"}
    asked = replace(Settings(data_dir=tmp_path, lan=True, http_host="192.168.1.7"), **own)
    opened = open_to_lan(asked, NOW)
    assert (opened.tls_cert, opened.tls_key) == (own["tls_cert"], own["tls_key"])


def test_media_hosts_of_the_operator_are_used(tmp_path):
    asked = Settings(data_dir=tmp_path, lan=True, http_host="192.168.1.7")
    asked = replace(asked, media=replace(asked.media, hosts=("192.168.1.9",)))
    assert open_to_lan(asked, NOW).media.hosts == ("192.168.1.9",)


@pytest.mark.parametrize("elsewhere", [("127.0.0.1", 9), ("255.255.255.255", 9)])
def test_without_a_network_one_sentence_says_so(monkeypatch, elsewhere):
    # the route to loopback gives a loopback address; broadcast is refused as having no network is
    monkeypatch.setattr(lan, "_ELSEWHERE", elsewhere)
    with pytest.raises(StartRefused, match=r"^This machine has no address in a local network, .*"):
        lan_address()


def test_the_code_is_blocks_for_a_terminal():
    lines = qr_code("https://192.168.1.7:8080/").splitlines()
    assert len(lines) > 10
    assert set("".join(lines)) <= set(" █▀▄\x1b[0127;m")
