"""What does an error look like on the wire? A problem document (RFC 9457) with a stable type."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse
from msgspec import Struct

from events.api import current_context

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:nova:problem:"


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

    def document(self) -> dict[str, Any]:
        """The body. `instance` names the request by its correlation id, which the log has too."""
        correlation_id = current_context().correlation_id
        return {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            **({"detail": self.detail} if self.detail else {}),
            **({"instance": f"urn:uuid:{correlation_id}"} if correlation_id else {}),
            **self.members,
        }

    def response(self) -> HttpResponse:
        """The answer of a place that has no renderer: outside of the API's views."""
        return HttpResponse(
            msgspec.json.encode(self.document()), status=self.status, content_type=MEDIA_TYPE, headers=self.headers
        )
