"""Settings of the feed service."""

from typing import Annotated

from msgspec import Meta

from kit.conf import SharedConf
from kit.settings import Setting, reader


class FeedConf(SharedConf, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    feed_length: Annotated[int, Setting("NOVA_FEED_LENGTH"), Meta(ge=1, le=10_000)] = 1_000
    """How many of its newest posts a feed keeps in Redis; older ones are read from PostgreSQL."""
    feed_lifetime: Annotated[int, Setting("NOVA_FEED_LIFETIME"), Meta(ge=1, le=604_800)] = 3_600
    """Seconds after which a feed or summary in Redis is taken from PostgreSQL anew."""
    redis_timeout: Annotated[float, Setting("NOVA_FEED_REDIS_TIMEOUT"), Meta(ge=0.01, le=10)] = 0.5
    """Seconds to wait for Redis before a feed is served from PostgreSQL."""


feed_conf = reader(FeedConf)
