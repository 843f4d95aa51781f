from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from kolapp_signalling.auth import Authenticator
from kolapp_signalling.development import demo_token
from kolapp_signalling.process import StartRefused
from kolapp_signalling.settings import Settings
from kolapp_signalling.token_keys import token_rules


def test_the_demo_key_is_read_from_its_file(settings: Settings) -> None:
    token = demo_token(settings, "clinician", "astrid")
    assert Authenticator(token_rules(settings)).identify(token).subject == "astrid"


def test_a_key_set_is_read_by_key_id(settings: Settings, tmp_path: Path) -> None:
    keys = {kid: ec.generate_private_key(ec.SECP256R1()) for kid in ("a", "b")}
    listed = [
        {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), "kid": kid}
        for kid, key in keys.items()
    ]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": listed}))
    rules = token_rules(replace(settings, jwt_key_file=path, jwt_algorithms=("ES256",)))
    claims = jwt.decode(
        demo_token(settings, "patient", "anna"), options={"verify_signature": False}
    )
    for kid, key in keys.items():
        token = jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid})
        assert Authenticator(rules).identify(token).subject == "anna"


def test_what_cannot_be_used_is_said_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"keys": []}')
    for change in (
        {"jwt_key_file": None},
        {"jwt_key_file": tmp_path / "nothing"},
        {"jwt_key_file": broken},
        {"jwt_issuer": ""},
        {"jwt_audience": ""},
        {"identity_pepper": b""},
    ):
        with pytest.raises(StartRefused, match=r"\.$"):
            token_rules(replace(settings, **change))  # type: ignore[arg-type]  # one of each kind
