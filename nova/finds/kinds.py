"""Who may find what: by a permission in the console, by a scope over HTTP, as the same is seen elsewhere."""

from collections.abc import Collection, Sequence
from typing import Any

from nova.finds.finds import Kind

_LOG: Sequence[Kind] = ("event", "stream", "correlation", "causation", "user")

PERMISSIONS: dict[Kind, str] = {
    **dict.fromkeys(_LOG, "events.view_domainevent"),
    "message": "outbox.view_outboxevent",
    "saga": "sagas.view_sagastate",
    "dead_letter": "outbox.view_deadletter",
}
SCOPES: dict[Kind, str] = {
    **dict.fromkeys(_LOG, "events:read"),
    "message": "outbox:read",
    "saga": "sagas:read",
    "dead_letter": "outbox:read",
}


def found_by_operator(user: Any) -> set[Kind]:
    """What somebody finds in the console."""
    return {kind for kind, permission in PERMISSIONS.items() if user.has_perm(permission)}


def found_with(scopes: Collection[str]) -> set[Kind]:
    """What the holder of a token finds."""
    return {kind for kind, scope in SCOPES.items() if scope in scopes}
