"""Rule: how an exception becomes a problem."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

# Seconds after which a client may try again what an outage has refused.
RETRY_AFTER = {"Retry-After": "1"}
TRY_AGAIN = "It cannot be reached, or asked to try again. Nothing of the request has taken effect."


def nothing(_: Any) -> Mapping[str, Any]:
    """No members, or no headers."""
    return {}


def in_document(error: Any) -> dict[str, Any]:
    """Which part of the body is wrong."""
    return {"errors": [{"pointer": error.pointer, "detail": error.reason}]}


def in_query(error: Any) -> Mapping[str, Any]:
    """Which parameter is wrong."""
    return {"errors": [{"parameter": error.parameter, "detail": error.reason}]}


class Rule(Struct, frozen=True):
    """How an exception becomes a problem."""

    status: int
    slug: str
    title: str
    members: Callable[[Any], Mapping[str, Any]] = nothing
    """The extension members, from the exception."""
    headers: Callable[[Any], Mapping[str, str]] = nothing
    """The headers, from the exception."""
    detail: Callable[[Any], str] = str
    """The detail, from the exception. Errors of libraries say their text only where it is about the request."""


def unavailable(what: str) -> Rule:
    """The rule of a server that is away."""
    return Rule(
        503, "unavailable", f"{what} is not available", headers=lambda _: RETRY_AFTER, detail=lambda _: TRY_AGAIN
    )


def plain(detail: str) -> Callable[[Any], str]:
    """The same detail, whatever the exception says."""
    return lambda _: detail


def challenge(error: Any) -> Mapping[str, str]:
    """What to authenticate with."""
    # REST framework leaves the authenticator's challenge on the exception.
    return {"WWW-Authenticate": error.auth_header}


def retry_after(error: Any) -> Mapping[str, str]:
    """How long to wait, a second at least."""
    return {"Retry-After": str(max(1, math.ceil(error.wait or 1)))}
