"""Problem responses: which problems an operation may answer with, described from the table of rules."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import django.db
from rest_framework import exceptions as rest

from events import api as events
from kit.exceptions import InvalidParameter
from kit.rest.description.openapi import Raised
from kit.rest.problems import MEDIA_TYPE, TYPE_PREFIX
from nova.exceptions import BodyTooSlow, Overloaded
from nova.rest.auth import InsufficientScope
from nova.rest.rule import Rule
from nova.rest.rules import BODY_TOO_LARGE, rule_of

Cause = type[Exception] | Rule

EVERYWHERE: tuple[Cause, ...] = (
    InvalidParameter,
    rest.ParseError,
    django.db.DataError,
    rest.NotAuthenticated,
    rest.AuthenticationFailed,
    InsufficientScope,
    rest.MethodNotAllowed,
    rest.NotAcceptable,
    rest.Throttled,
    Overloaded,
    django.db.OperationalError,
)
"""What any operation may be refused with."""
WITH_BODY: tuple[Cause, ...] = (
    *(events.InvalidJSON, events.TooManyValues),
    *(BodyTooSlow, BODY_TOO_LARGE, rest.UnsupportedMediaType),
)
WITH_PARAMETERS: tuple[Cause, ...] = (rest.NotFound,)
"""Where the address has parameters, which may lead nowhere."""

HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "What to send (RFC 6750)."},
    403: {"WWW-Authenticate": "The scope that is needed (RFC 6750)."},
    405: {"Allow": "The methods that the address knows."},
    412: {"ETag": "The version that the stream has."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}
"""Headers of problems, by their status."""


def problem_responses(raised: Raised, *, parameters: bool) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Status, component name and response object of each status that an operation may be refused with."""
    everywhere = _by_status(EVERYWHERE)
    possible = _by_status(
        (
            *EVERYWHERE,
            *(WITH_BODY if raised.body else ()),
            *(WITH_PARAMETERS if parameters else ()),
            *raised.errors,
        )
    )
    for status, rules in sorted(possible.items()):
        own = sorted(rules.keys() - everywhere.get(status, {}).keys())
        yield status, ".".join([f"Problem{status}", *own]), _response(status, rules)


def _by_status(raised: tuple[Cause, ...]) -> dict[int, dict[str, Rule]]:
    found: dict[int, dict[str, Rule]] = defaultdict(dict)
    for cause in raised:
        rule = cause if isinstance(cause, Rule) else rule_of(cause)
        if rule is None:
            raise LookupError(f"no rule says which problem {cause} is")
        found[rule.status][rule.slug] = rule
    return found


def _response(status: int, rules: dict[str, Rule]) -> dict[str, Any]:
    headers = {
        name: {"description": description, "required": True, "schema": {"type": "string"}}
        for name, description in HEADERS.get(status, {}).items()
    }
    schema = {
        "$ref": "#/components/schemas/Problem",
        "properties": {
            "type": {"enum": [TYPE_PREFIX + slug for slug in sorted(rules)]},
            "status": {"const": status},
        },
    }
    return {
        "description": f"{HTTPStatus(status).phrase}. "
        + " ".join(f"`{slug}`: {rule.title}." for slug, rule in sorted(rules.items())),
        **({"headers": headers} if headers else {}),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
