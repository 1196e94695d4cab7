"""Events of search: a user is forgotten."""

from events.api import event
from nova.services.erasure.events import ACCOUNT_DELETION, Erased, ErasureRequest

OWNER = "search-service"


@event("search.erasure_requested", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class SearchErasureRequested(ErasureRequest, frozen=True, kw_only=True):
    """Somebody asks to remove what a user is found by; the answer is `search.erased`."""


@event("search.erased", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class SearchErased(Erased, frozen=True, kw_only=True):
    """The user is found no longer."""
