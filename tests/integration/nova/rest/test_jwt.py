"""Tokens of an identity provider: taken where they are its own, for us and still good; refused in every other way."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.core.checks import run_checks

from nova.rest.jwt import key_set
from nova.rest.jwt.verifying import forget_jwts
from tests.support.callers import bearer
from tests.support.problems import assert_problem

pytestmark = pytest.mark.django_db

LOG = "/api/v1/events"
STREAM = "/api/v1/streams/user/1/events"
ISSUER, AUDIENCE = "https://login.example", "nova"
SECRET = "a-secret-of-more-than-32-characters-in-all"
KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


class Provider:
    """An identity provider's web server: what it publishes, how often it was asked, and whether it is there."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0
        self.answer: bytes | None = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                body = provider.answer if provider.answer is not None else json.dumps({"keys": provider.keys}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def publish(self, key_id: str, key: Any, **said: Any) -> None:
        self.keys.append(public_jwk(key) | {"kid": key_id} | said)

    def go_away(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def public_jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        return jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Monotonic seconds for keys and for what was verified."""
    now = [1_000_000.0]
    monkeypatch.setattr("nova.rest.jwt.key_set.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def provider(settings: Any, redis_url: str) -> Iterator[Provider]:
    made = Provider()
    for algorithm, key in KEYS.items():
        made.publish(algorithm, key)
    settings.NOVA_JWT_ISSUER, settings.NOVA_JWT_AUDIENCE = ISSUER, AUDIENCE
    settings.NOVA_JWT_JWKS_URL = made.url
    forget_jwts()
    yield made
    made.go_away()
    forget_jwts()


@pytest.fixture
def shared_key(settings: Any, redis_url: str) -> Iterator[None]:
    settings.NOVA_JWT_ISSUER, settings.NOVA_JWT_AUDIENCE = ISSUER, AUDIENCE
    settings.NOVA_JWT_SECRET = SECRET
    forget_jwts()
    yield
    forget_jwts()


def token(algorithm: str = "RS256", *, key: Any = None, key_id: str | None = "", **claims: Any) -> str:
    """A token as the provider makes them, but for what is said; a claim that is None is left out."""
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": int(time.time()) + 60,
        "scope": "events:read openid",
    } | claims
    headers = {} if key_id is None else {"kid": key_id or algorithm}
    body = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(body, key or KEYS[algorithm], algorithm=algorithm, headers=headers)


def why_refused(sent: str) -> str:
    """Why it is refused."""
    detail: str = assert_problem(bearer(sent).get(LOG), 401, "invalid-token")["detail"]
    return detail


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_the_provider_opens_what_its_scopes_name(provider: Provider, algorithm: str) -> None:
    client = bearer(token(algorithm))
    assert client.get(LOG).status_code == 200
    answer = client.post(STREAM, [], content_type="application/json")
    assert assert_problem(answer, 403, "insufficient-scope")["scope"] == "events:append"


def test_scopes_may_be_a_list_under_another_name_and_those_of_others_open_nothing(
    provider: Provider, settings: Any
) -> None:
    settings.NOVA_JWT_SCOPE_CLAIM = "permissions"
    assert bearer(token(permissions=["events:read", "root", 7])).get(LOG).status_code == 200
    for none in (token(permissions={"events:read": True}), token(permissions=None), token(permissions=["*"])):
        assert_problem(bearer(none).get(LOG), 403, "insufficient-scope")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"nbf": int(time.time()) + 600}, "not valid yet"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "shop"}, "another audience"),
        ({"exp": None}, "lacks the claim exp"),
        ({"iss": None}, "lacks the claim iss"),
        ({"aud": None}, "lacks the claim aud"),
        ({"sub": None}, "lacks the claim sub"),
        ({"sub": ""}, "no name"),
        ({"sub": "a\nb"}, "no name"),
        ({"sub": "a" * 256}, "no name"),
    ],
)
def test_a_token_that_is_not_for_now_and_for_us_is_refused(provider: Provider, claims: Any, why: str) -> None:
    assert why in why_refused(token(**claims))


def test_clocks_may_differ_a_little(provider: Provider) -> None:
    assert bearer(token(exp=int(time.time()) - 10)).get(LOG).status_code == 200


def test_a_token_is_refused_that_the_provider_has_not_signed(provider: Provider) -> None:
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    assert "signature" in why_refused(token(key=stranger))
    head, body, _ = token().split(".")
    assert "signature" in why_refused(f"{head}.{body}.{token(sub='eve').split('.')[2]}")
    assert "no such key" in why_refused(token(key_id="unknown"))
    assert "kid" in why_refused(token(key_id=None))


def test_the_token_does_not_choose_how_it_is_verified(provider: Provider) -> None:
    """No signature at all, and the public key taken for a shared one (RFC 8725, section 2.1)."""
    unsigned = jwt.encode(jwt.decode(token(), options={"verify_signature": False}), "", algorithm="none")
    assert "public key" in why_refused(unsigned)
    pem = (
        KEYS["RS256"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    _, body, _ = token().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"RS256"}').rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(hmac.digest(pem, f"{head}.{body}".encode(), hashlib.sha256)).rstrip(b"=")
    assert "public key" in why_refused(f"{head}.{body}.{signature.decode()}")
    # A key of another kind, and one that says that it is for another algorithm or for encryption.
    assert why_refused(token("RS256", key_id="ES256"))
    provider.publish("narrow", KEYS["RS256"], alg="PS256")
    provider.publish("encrypts", KEYS["RS256"], use="enc")
    forget_jwts()
    assert "no such key" in why_refused(token("RS256", key_id="narrow"))
    assert "no such key" in why_refused(token("RS256", key_id="encrypts"))


@pytest.mark.parametrize("text", ["a.b.c", "e30.e30.", "e30.e30.e30", "a" * 20_000 + ".b.c", "..", "a.b"])
def test_what_is_no_token_is_refused(provider: Provider, text: str) -> None:
    assert why_refused(text)


def test_new_keys_are_found_and_made_up_ones_do_not_disturb_the_provider(
    provider: Provider, clock: list[float]
) -> None:
    assert bearer(token()).get(LOG).status_code == 200
    assert provider.asked == 1
    for number in range(20):
        assert why_refused(token(key_id=f"made-up-{number}"))
    assert provider.asked == 1

    new = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    provider.keys = []
    provider.publish("new", new)
    clock[0] += key_set.LEAST_INTERVAL
    assert bearer(token(key=new, key_id="new")).get(LOG).status_code == 200
    assert provider.asked == 2
    # What is no longer published is no longer taken.
    assert "no such key" in why_refused(token(sub="bob"))


def test_keys_are_asked_for_again_when_they_are_old(provider: Provider, clock: list[float], settings: Any) -> None:
    settings.NOVA_JWT_JWKS_SECONDS = 60.0
    assert bearer(token()).get(LOG).status_code == 200
    provider.keys = provider.keys[1:]
    assert bearer(token(sub="bob")).get(LOG).status_code == 200
    clock[0] += 61
    assert "no such key" in why_refused(token(sub="cid"))


def test_known_keys_serve_while_the_provider_is_away_for_a_day_at_most(provider: Provider, clock: list[float]) -> None:
    assert bearer(token()).get(LOG).status_code == 200
    provider.go_away()
    clock[0] += key_set.MAX_AGE - 1
    assert bearer(token(sub="bob")).get(LOG).status_code == 200
    clock[0] += 2
    assert assert_problem(bearer(token(sub="cid")).get(LOG), 503, "unavailable")


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"keys": 1}', b"[]", b'{"keys": ["' + b"x" * 300_000 + b'"]}'])
def test_a_provider_that_answers_nonsense_is_one_that_is_away(provider: Provider, answer: bytes) -> None:
    provider.answer = answer
    assert_problem(bearer(token()).get(LOG), 503, "unavailable")


def test_a_shared_key_is_for_its_algorithm_only(shared_key: None) -> None:
    assert bearer(token("HS256", key=SECRET)).get(LOG).status_code == 200
    assert "signature" in why_refused(token("HS256", key="another-secret-of-more-than-32-characters"))
    assert "HS256" in why_refused(token("RS256"))


def test_nobody_elses_tokens_are_taken_unless_an_issuer_is_named(db: None, redis_url: str) -> None:
    assert "no identity provider" in why_refused(token())


def test_calls_are_counted_by_subject_and_not_by_token(provider: Provider, settings: Any) -> None:
    settings.NOVA_API_RATE = "2/h"
    statuses = [bearer(token(jti=str(number))).get(LOG).status_code for number in range(3)]
    assert statuses == [200, 200, 429]
    assert bearer(token(sub="bob")).get(LOG).status_code == 200


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ({"ISSUER": ISSUER}, "nova.E005"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE}, "nova.E005"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "SECRET": SECRET, "JWKS_URL": "https://a.example"}, "nova.E005"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "SECRET": "short"}, "nova.E003"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS_URL": "http://login.example/jwks"}, "nova.E003"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS_URL": "file:///etc/passwd"}, "nova.E003"),
        ({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS_URL": "https://login.example/jwks"}, None),
        ({}, None),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: Any, named: dict[str, str], problem: str | None) -> None:
    for name, value in named.items():
        setattr(settings, f"NOVA_JWT_{name}", value)
    found = {one.id for one in run_checks() if "NOVA_JWT" in one.msg}
    assert (problem in found) if problem else not found
