"""Problem documents: the check that an answer is the one that it should be."""

from typing import Any

MEDIA_TYPE = "application/problem+json"


def assert_problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    """Check status, media type and type, and return the document."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == MEDIA_TYPE
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:nova:problem:{slug}"
    assert document["status"] == status
    assert document["instance"] == f"urn:uuid:{response.headers['X-Correlation-ID']}"
    return document
