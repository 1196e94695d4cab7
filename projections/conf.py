"""Which settings do projections have?"""

from django.conf import settings
from msgspec import Struct


class ProjectionsConf(Struct, frozen=True, kw_only=True):
    """The settings as one value, for long-lived objects to be built from."""

    batch_size: int
    """`NOVA_PROJECTION_BATCH_SIZE`: most events applied in one transaction."""
    poll_longest: float
    """`NOVA_PROJECTION_POLL_LONGEST`: seconds between two looks at a log of which no hint comes."""
    beat_interval: int
    """`NOVA_BEAT_INTERVAL`: seconds between two looks at the rows by beat."""
    redis_url: str
    """`REDIS_URL`."""


def projections_conf() -> ProjectionsConf:
    """The settings as they are now."""
    return ProjectionsConf(
        batch_size=getattr(settings, "NOVA_PROJECTION_BATCH_SIZE", 1_000),
        poll_longest=getattr(settings, "NOVA_PROJECTION_POLL_LONGEST", 0.5),
        beat_interval=getattr(settings, "NOVA_BEAT_INTERVAL", 4),
        redis_url=getattr(settings, "REDIS_URL", ""),
    )
