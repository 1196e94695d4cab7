"""Events of feeds: a user is forgotten."""

from events.api import event
from nova.services.erasure.events import ACCOUNT_DELETION, Erased, ErasureRequest

OWNER = "feed-service"


@event("feed.erasure_requested", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class FeedErasureRequested(ErasureRequest, frozen=True, kw_only=True):
    """Somebody asks to remove what feeds know of a user: names, and who follows whom; the answer is `feed.erased`."""


@event("feed.erased", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class FeedErased(Erased, frozen=True, kw_only=True):
    """Feeds know nothing of the user any more."""
