"""Parts of a journey, and who may see each: by a permission in the console, by a scope over HTTP.

They are those of the screens and resources that show the same, so that nobody sees more by a journey than without one.
"""

from collections.abc import Collection
from typing import Any, Literal

Part = Literal["outbox", "consumers", "dead_letters", "projections", "sagas"]

PERMISSIONS: dict[Part, str] = {
    "outbox": "outbox.view_outboxevent",
    "consumers": "outbox.view_consumercontrol",
    "dead_letters": "outbox.view_deadletter",
    "projections": "projections.view_projectioncheckpoint",
    "sagas": "sagas.view_sagastate",
}
SCOPES: dict[Part, str] = {
    "outbox": "outbox:read",
    "consumers": "outbox:read",
    "dead_letters": "outbox:read",
    "projections": "read-models:read",
    "sagas": "sagas:read",
}


def seen_by_operator(user: Any) -> set[Part]:
    """What somebody sees in the console."""
    return {part for part, permission in PERMISSIONS.items() if user.has_perm(permission)}


def seen_with(scopes: Collection[str]) -> set[Part]:
    """What the holder of a token sees."""
    return {part for part, scope in SCOPES.items() if scope in scopes}
