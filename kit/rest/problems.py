"""Problem documents (RFC 9457): how an error looks on the wire, with a type that stays the same for ever."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse
from msgspec import Struct

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:nova:problem:"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Further members depend on the type; docs/problems.md lists them.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:nova:problem:version-conflict"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri", "description": "The request's correlation id."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body."},
                    "parameter": {"type": "string", "description": "Name of the parameter or header."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class Problem(Struct, frozen=True, kw_only=True):
    """An error as the client sees it; `docs/problems.md` explains each type."""

    slug: str
    """Names the kind of problem for ever; the type is `urn:nova:problem:` and this."""
    status: int
    """The HTTP status."""
    title: str
    """The kind of problem in a few words, always the same for a type."""
    detail: str = ""
    """What happened this time, for a person."""
    members: Mapping[str, Any] = {}
    """What happened this time, for a program; the names depend on the type."""
    headers: Mapping[str, str] = {}
    """HTTP headers that belong to the answer, such as `Retry-After`."""
    instance: str = ""
    """A URI that names this occurrence."""

    def document(self) -> dict[str, Any]:
        """The body."""
        return {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            **({"detail": self.detail} if self.detail else {}),
            **({"instance": self.instance} if self.instance else {}),
            **self.members,
        }

    def response(self) -> HttpResponse:
        """The answer of a place that has no renderer: outside of the API's views."""
        return HttpResponse(
            msgspec.json.encode(self.document()), status=self.status, content_type=MEDIA_TYPE, headers=self.headers
        )
