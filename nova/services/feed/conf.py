"""Settings of the feed service."""

from typing import Annotated

from msgspec import Meta

from kit.conf import SharedConf
from kit.server_urls import HTTP_URL
from kit.settings import Setting, reader


class FeedConf(SharedConf, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    feed_length: Annotated[int, Setting("NOVA_FEED_LENGTH"), Meta(ge=1, le=10_000)] = 1_000
    """How many of its newest posts a feed keeps in Redis; older ones are read from PostgreSQL."""
    feed_lifetime: Annotated[int, Setting("NOVA_FEED_LIFETIME"), Meta(ge=1, le=604_800)] = 3_600
    """Seconds after which a feed or summary in Redis is taken from PostgreSQL anew."""
    redis_timeout: Annotated[float, Setting("NOVA_FEED_REDIS_TIMEOUT"), Meta(ge=0.01, le=10)] = 0.5
    """Seconds to wait for Redis before a feed is served from PostgreSQL."""
    direct_call: Annotated[bool, Setting("ENABLE_DIRECT_CALL")] = False
    """Whether feeds read posts straight from the content side; operators decide otherwise at run time."""
    content_url: Annotated[
        str,
        Setting("NOVA_FEED_CONTENT_URL", must="be http://… or https://…, without user, password and query"),
        Meta(pattern=HTTP_URL),
    ] = ""
    """Where direct calls go; within this process without it."""
    content_token: Annotated[
        str, Setting("NOVA_FEED_CONTENT_TOKEN", must="be a token of the API"), Meta(pattern=r"\A[A-Za-z0-9._~-]*\Z")
    ] = ""
    """The API token of direct calls over HTTP, with the scope `read-models:read`."""
    content_timeout: Annotated[float, Setting("NOVA_FEED_CONTENT_TIMEOUT"), Meta(ge=0.01, le=10)] = 0.5
    """Seconds that a direct call over HTTP may take before the local copy serves."""


feed_conf = reader(FeedConf)
