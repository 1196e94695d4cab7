"""Read model of feeds, declared so that it can be verified: which handlers keep which tables."""

from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.service import SERVICE
from projections.api import HandledReadModel, register_handled

FEEDS = HandledReadModel(
    name="feeds",
    group=SERVICE.name,
    handlers=("feed-posts", "feed-follows", "feed-authors", "feed-erasure"),
    models=(FeedAuthor, FeedPost, FeedFollow),
    # Of Redis, which is told of rows after they are committed.
    beside=("is_shown", "fan_out_after"),
)
register_handled(FEEDS)
