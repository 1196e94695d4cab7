"""JSON Web Tokens of an identity provider (RFC 7519), verified here without asking anybody for each.

Which algorithms are taken is said here and by the key, never by the token alone (RFC 8725).
"""

import hashlib
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any

import jwt
from msgspec import Struct

from nova.rest.jwt.conf import JwtConf, jwt_conf
from nova.rest.jwt.key_set import KeySet
from nova.rest.tokens import SCOPES

JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
PUBLIC_KEY_ALGORITHMS = frozenset(
    {*("RS256", "RS384", "RS512"), *("PS256", "PS384", "PS512"), *("ES256", "ES384", "ES512"), "EdDSA"}
)
SHARED_KEY_ALGORITHM = "HS256"
LEEWAY = 30.0
"""Seconds by which clocks may differ."""
MAX_LENGTH = 16 * 1024
MAX_SUBJECT = 255
TRUSTED_FOR = 3.0
"""Seconds for which a process trusts what it has verified."""
MAX_VERIFIED = 4_096


REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidIssuerError: "the token is of another issuer",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidSignatureError: "the token's signature is not its key's",
}


class Verified(Struct, frozen=True, kw_only=True):
    """What a token says that was verified."""

    subject: str
    """Whom the provider knows by that name."""
    scopes: frozenset[str]
    """Those that Nova knows."""
    expires_at: datetime
    """Until when it is taken: differing clocks are allowed for."""


class InvalidJwt(Exception):
    """The token is not taken; the text says why, for whoever sent it."""


def verified_jwt(token: str) -> Verified:
    """What the token says.

    Raises `InvalidJwt`, and `nova.exceptions.KeysUnavailable` where the provider cannot be asked for its keys.
    """
    digest, now = hashlib.sha256(token.encode()).digest(), time.monotonic()
    remembered = _verified.get(digest)
    if remembered is not None and now - remembered[0] < TRUSTED_FOR:
        return remembered[1]
    verified = _verify(token, jwt_conf())
    with _lock:
        if len(_verified) >= MAX_VERIFIED:
            _verified.clear()
        _verified[digest] = (now, verified)
    return verified


def was_verified(token: str) -> bool:
    """Whether this process has verified the token when it was last used; asks nobody."""
    remembered = _verified.get(hashlib.sha256(token.encode()).digest())
    return remembered is not None and remembered[1].expires_at > datetime.now(UTC)


def forget_jwts() -> None:
    """Verify every token anew, and ask for keys anew."""
    with _lock:
        _verified.clear()
    _key_set.cache_clear()


_verified: dict[bytes, tuple[float, Verified]] = {}
_lock = Lock()


@cache
def _key_set(url: str, lifetime: float) -> KeySet:
    return KeySet(url, lifetime=lifetime)


def _verify(token: str, conf: JwtConf) -> Verified:
    if not conf.issuer:
        raise InvalidJwt("no identity provider's tokens are taken here; send one of Nova's own")
    if len(token) > MAX_LENGTH:
        raise InvalidJwt("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
        key, algorithm = _shared_key(header, conf) if conf.secret else _public_key(header, conf)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=conf.issuer,
            audience=conf.audience,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.MissingRequiredClaimError as error:
        raise InvalidJwt(f"the token lacks the claim {error.claim}") from error
    except jwt.PyJWTError as error:
        # Among them keys of another kind than the algorithm's.
        raise InvalidJwt(REASONS.get(type(error), "the token cannot be understood")) from error
    return _payload(claims, conf)


def _shared_key(header: Mapping[str, Any], conf: JwtConf) -> tuple[str, str]:
    if header.get("alg") != SHARED_KEY_ALGORITHM:
        raise InvalidJwt(f"the token must be signed by {SHARED_KEY_ALGORITHM}")
    return conf.secret, SHARED_KEY_ALGORITHM


def _public_key(header: Mapping[str, Any], conf: JwtConf) -> tuple[jwt.PyJWK, str]:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in PUBLIC_KEY_ALGORITHMS:
        raise InvalidJwt("the token must be signed by a public key's algorithm")
    if not isinstance(key_id, str):
        raise InvalidJwt("the token does not name its key (kid)")
    key = _key_set(conf.key_set_url, conf.key_set_seconds).key(key_id)
    if key is None or key.get("alg", algorithm) != algorithm:
        raise InvalidJwt("the identity provider has no such key for this algorithm")
    return jwt.PyJWK(dict(key), algorithm=algorithm), algorithm


def _payload(claims: Mapping[str, Any], conf: JwtConf) -> Verified:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise InvalidJwt("the token's subject (sub) is no name")
    named = claims.get(conf.scope_claim, "")
    scopes = named.split() if isinstance(named, str) else named if isinstance(named, list) else ()
    return Verified(
        subject=subject,
        scopes=frozenset(scope for scope in scopes if isinstance(scope, str) and scope in SCOPES),
        # PyJWT has seen that it is a number, and not yet past.
        expires_at=datetime.fromtimestamp(min(int(claims["exp"]) + LEEWAY, _LAST_TIMESTAMP), UTC),
    )


_LAST_TIMESTAMP = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
