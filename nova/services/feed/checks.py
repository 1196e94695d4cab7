"""System checks of the feed service."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from nova.services.feed.conf import feed_conf

RANGES: dict[str, tuple[str, float, float]] = {
    "feed_length": ("NOVA_FEED_LENGTH", 1, 10_000),
    "feed_lifetime": ("NOVA_FEED_LIFETIME", 1, 604_800),
    "redis_timeout": ("NOVA_FEED_REDIS_TIMEOUT", 0.01, 10),
}


@register()
def numbers_are_in_range(**_: Any) -> list[CheckMessage]:
    """Refuse numbers that feeds cannot work with."""
    conf = feed_conf()
    return [
        Error(f"{setting} must lie between {least} and {most}.", id="nova_feed.E001")
        for field, (setting, least, most) in RANGES.items()
        if not least <= getattr(conf, field) <= most
    ]
