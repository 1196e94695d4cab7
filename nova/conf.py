"""Which settings does the web face have?"""

from django.conf import settings
from msgspec import Struct

# What is promised to whoever revokes a token. Seconds.
MAX_TOKEN_CACHE = 5.0


class RestConf(Struct, frozen=True, kw_only=True):
    """How the API treats its callers."""

    rate: str
    """`NOVA_API_RATE`: most requests of one token, such as `600/s` or `10000/m`."""
    token_cache_seconds: float
    """`NOVA_API_TOKEN_CACHE_SECONDS`: for how long a process trusts what it knows of a token; at most 5."""
    redis_url: str
    """`REDIS_URL`."""


class HealthConf(Struct, frozen=True, kw_only=True):
    """What must work before this installation counts as ready."""

    processes: tuple[str, ...]
    """`NOVA_READY_PROCESSES`: the loops that must have given a sign of life, by name; `all`, or empty for none."""
    runners: tuple[str, ...]
    """`NOVA_READY_RUNNERS`: the runners that workers host here, besides consumers."""
    redis_url: str
    """`REDIS_URL`."""


def rest_conf() -> RestConf:
    """The settings as they are now."""
    return RestConf(
        rate=getattr(settings, "NOVA_API_RATE", "600/s"),
        token_cache_seconds=min(getattr(settings, "NOVA_API_TOKEN_CACHE_SECONDS", 3.0), MAX_TOKEN_CACHE),
        redis_url=settings.REDIS_URL,
    )


def health_conf() -> HealthConf:
    """The settings as they are now."""
    return HealthConf(
        processes=tuple(getattr(settings, "NOVA_READY_PROCESSES", ("all",))),
        runners=tuple(getattr(settings, "NOVA_READY_RUNNERS", ("projections",))),
        redis_url=settings.REDIS_URL,
    )
