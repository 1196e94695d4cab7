"""Authentication and authorisation: bearer tokens (RFC 6750), and a scope for each method of a view."""

import hashlib
from datetime import datetime
from typing import Any

from django.utils import timezone
from msgspec import Struct
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from nova.conf import nova_conf
from nova.rest.jwt.verifying import JWT, InvalidJwt, verified_jwt, was_verified
from nova.rest.known_tokens import is_known, known_token
from nova.rest.throttling import calls
from nova.rest.tokens import TOKEN

REALM = 'Bearer realm="nova"'


class Grant(Struct, frozen=True, kw_only=True):
    """What a token allows: `request.auth`."""

    scopes: frozenset[str]
    expires_at: datetime | None


class Caller(Struct, frozen=True, kw_only=True):
    """Who holds the token: `request.user`."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True

    def __str__(self) -> str:
        return self.name


class InsufficientScope(PermissionDenied):
    """The token does not have the scope that the method needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the token lacks the scope {scope}")
        self.scope = scope


class TokenAuthentication(BaseAuthentication):
    """Recognises bearer tokens (RFC 6750): Nova's own, and those of the identity provider that settings name."""

    def authenticate(self, request: Request) -> tuple[Caller, Grant] | None:
        """The caller and the grant; None without an `Authorization` header.

        Raises `Throttled` for a token that calls too often, whatever it asks for and may do.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        token = bearer_token(header)
        if token is None:
            raise AuthenticationFailed("the Authorization header must be: Bearer nova_…, or Bearer and a JWT")
        name, key, grant = _own(token) if TOKEN.fullmatch(token) else _of_provider(token)
        if grant.expires_at is not None and grant.expires_at <= timezone.now():
            raise AuthenticationFailed("the token has expired")
        seconds = calls.count(f"nova:calls:{key}", nova_conf().rate)
        if seconds is not None:
            raise Throttled(seconds)
        return Caller(name=name), grant

    def authenticate_header(self, request: Request) -> str:
        """The `WWW-Authenticate` header of a 401."""
        if "HTTP_AUTHORIZATION" in request.META:
            return f'{REALM}, error="invalid_token"'
        return REALM


def bearer_token(header: str) -> str | None:
    """The token of an `Authorization` header; None where it has none that could be one of ours or a JWT."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and (TOKEN.fullmatch(token) or JWT.fullmatch(token)) else None


def is_in_use(token: str) -> bool:
    """Whether this process has taken the token for a good one when it was last used; asks nobody."""
    return is_known(token) if TOKEN.fullmatch(token) else was_verified(token)


def _own(token: str) -> tuple[str, str, Grant]:
    known = known_token(token)
    if known is None or known.revoked_at is not None:
        raise AuthenticationFailed("the token is not known, or was revoked")
    return known.name, str(known.pk), Grant(scopes=frozenset(known.scopes), expires_at=known.expires_at)


def _of_provider(token: str) -> tuple[str, str, Grant]:
    try:
        said = verified_jwt(token)
    except InvalidJwt as error:
        raise AuthenticationFailed(str(error)) from error
    # A name may be long, and hold anything.
    key = hashlib.sha256(said.subject.encode()).hexdigest()[:32]
    return said.subject, key, Grant(scopes=said.scopes, expires_at=said.expires_at)


class HasScope(BasePermission):
    """Lets those pass whose token has the scope that the view's `required_scopes` names for the method.

    A method that the view serves and names no scope for is refused, so that nothing is open by oversight.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller may; raises `InsufficientScope` to name what is missing."""
        grant = request.auth
        if not isinstance(grant, Grant):
            return False
        scope = _required_scope(view, request.method or "")
        if scope is None:
            # What a view does not serve at all ends in a 405, which says more than a 403.
            return request.method not in view.allowed_methods or request.method == "OPTIONS"
        if scope not in grant.scopes:
            raise InsufficientScope(scope)
        return True


def _required_scope(view: Any, method: str) -> str | None:
    scopes: dict[str, str] = getattr(view, "required_scopes", {})
    return scopes.get("GET" if method == "HEAD" else method)
