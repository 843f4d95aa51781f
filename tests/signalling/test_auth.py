from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from kolapp_signalling.auth import Authenticator, BadToken, Identity, TokenRules, WeakLogin
from kolapp_signalling.roles import Role

KEY = ed25519.Ed25519PrivateKey.generate()
OTHER = ed25519.Ed25519PrivateKey.generate()
PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
RULES = TokenRules({"": PEM}, ("EdDSA",), "issuer", "kolapp")


def token(
    key: Any = KEY, algorithm: str = "EdDSA", headers: dict[str, Any] | None = None, **more: Any
) -> str:
    claims = {
        "iss": "issuer",
        "aud": "kolapp",
        "sub": "19121212-1212",
        "role": "patient",
        "provider": "north",
        "exp": int(time.time()) + 60,
    }
    return jwt.encode(claims | more, key, algorithm=algorithm, headers=headers)


def refused(text: str, rules: TokenRules = RULES) -> None:
    with pytest.raises(BadToken) as caught:
        Authenticator(rules).identify(text)
    assert str(caught.value) == ""  # the same whatever was wrong


def test_a_good_token_says_who_it_is() -> None:
    exp = int(time.time()) + 60
    identity = Authenticator(RULES).identify(token(exp=exp))
    assert identity == Identity(
        "issuer", "19121212-1212", Role.PATIENT, "north", (exp + RULES.leeway_s) * 1000
    )


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        ("lakare", Role.CLINICIAN),
        (["user", "lakare"], Role.CLINICIAN),
        (["user", "patient"], Role.PATIENT),
        (["user"], None),
        ([], None),
        ({"patient": True}, None),
        (7, None),
    ],
)
def test_issuers_have_their_own_words_for_roles(claim: Any, role: Role | None) -> None:
    rules = replace(RULES, roles={"lakare": Role.CLINICIAN})
    if role is None:
        refused(token(role=claim), rules)
    else:
        assert Authenticator(rules).identify(token(role=claim)).role is role


@pytest.mark.parametrize("level", ["loa2", None, ["loa3"], 3, ""])
def test_a_weak_login_is_no_login(level: Any) -> None:
    rules = replace(RULES, levels={Role.PATIENT: frozenset({"loa3"})})
    assert Authenticator(rules).identify(token(acr="loa3")).role is Role.PATIENT
    with pytest.raises(WeakLogin):
        Authenticator(rules).identify(token(acr=level))


def test_the_subject_may_be_another_claim() -> None:
    rules = replace(RULES, subject_claim="pid")
    assert Authenticator(rules).identify(token(pid="1")).subject == "1"
    refused(token(), rules)


def test_the_audience_may_be_one_of_several() -> None:
    assert Authenticator(RULES).identify(token(aud=["kolapp", "other"])).provider == "north"


def test_claims_can_be_named_differently() -> None:
    rules = TokenRules({"": PEM}, ("EdDSA",), "issuer", "kolapp", "region", "task")
    assert Authenticator(rules).identify(token(region="south", task="clinician")) == Identity(
        "issuer",
        "19121212-1212",
        Role.CLINICIAN,
        "south",
        Authenticator(rules).identify(token(region="south", task="clinician")).expires_ms,
    )


def test_algorithms_are_fixed_by_configuration() -> None:
    refused(token("x" * 32, "HS256"))
    refused(token("", "none"))
    refused(token(ec.generate_private_key(ec.SECP256R1()), "ES256"))
    refused(token(OTHER))
    # The public key of another algorithm as the secret of a symmetric one.
    with pytest.raises(jwt.InvalidKeyError):
        token(PEM, "HS256")


def test_headers_choose_no_key_from_elsewhere() -> None:
    for header in ("jku", "x5u"):
        refused(token(OTHER, headers={header: "https://evil.example/keys.json"}))
    refused(token(OTHER, headers={"kid": "../../../dev/null"}))
    refused(token(OTHER, headers={"jwk": {"kty": "OKP"}}))
    refused(token(headers={"crit": ["unheard-of"], "unheard-of": 1}))


def test_the_key_id_chooses_among_our_keys() -> None:
    keys = {"old": PEM, "new": OTHER.public_key()}
    authenticator = Authenticator(TokenRules(keys, ("EdDSA",), "issuer", "kolapp"))
    for key, kid in ((KEY, "old"), (OTHER, "new")):
        assert authenticator.identify(token(key, headers={"kid": kid})).provider == "north"
    refused(token(KEY, headers={"kid": "new"}), TokenRules(keys, ("EdDSA",), "issuer", "kolapp"))
    refused(token(KEY), TokenRules(keys, ("EdDSA",), "issuer", "kolapp"))


def test_rsa_keys_are_understood() -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    rules = TokenRules({"": key.public_key()}, ("RS256",), "issuer", "kolapp")
    assert Authenticator(rules).identify(token(key, "RS256")).role == Role.PATIENT
    refused(token(), rules)


@pytest.mark.parametrize("algorithms", [(), ("none",), ("EdDSA", "None")])
def test_unsigned_tokens_cannot_be_configured(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="unsigned"):
        Authenticator(TokenRules({"": PEM}, algorithms, "issuer", "kolapp"))


def test_the_store_learns_a_pseudonym_only() -> None:
    anna = Identity("issuer", "19121212-1212", Role.PATIENT, "north", 0)
    key = anna.patient_key(b"pepper")
    assert len(key) == 64
    assert "1912" not in key
    assert key == anna.patient_key(b"pepper")
    assert key != anna.patient_key(b"other pepper")
    # No two pairs of issuer and subject make the same text.
    assert Identity("a", "b|c", Role.PATIENT, "n", 0).patient_key(b"p") != Identity(
        "a|b", "c", Role.PATIENT, "n", 0
    ).patient_key(b"p")
    assert "1912" not in repr(anna)
    assert anna.clinician_key(b"pepper") == key
