"""Settings of the feed service."""

from django.conf import settings
from msgspec import Struct


class FeedConf(Struct, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    feed_length: int
    """`NOVA_FEED_LENGTH`: how many of its newest posts a feed keeps in Redis; older ones are read from PostgreSQL."""
    feed_lifetime: int
    """`NOVA_FEED_LIFETIME`: seconds after which a feed or summary in Redis is taken from PostgreSQL anew."""
    beat_interval: int
    """`NOVA_BEAT_INTERVAL`: seconds between two looks at the rows by beat."""
    redis_url: str
    """`REDIS_URL`."""
    redis_timeout: float
    """`NOVA_FEED_REDIS_TIMEOUT`: seconds to wait for Redis before a feed is served from PostgreSQL."""


def feed_conf() -> FeedConf:
    """The settings as they are now."""
    return FeedConf(
        feed_length=getattr(settings, "NOVA_FEED_LENGTH", 1_000),
        feed_lifetime=getattr(settings, "NOVA_FEED_LIFETIME", 3_600),
        beat_interval=getattr(settings, "NOVA_BEAT_INTERVAL", 4),
        redis_url=getattr(settings, "REDIS_URL", ""),
        redis_timeout=getattr(settings, "NOVA_FEED_REDIS_TIMEOUT", 0.5),
    )
