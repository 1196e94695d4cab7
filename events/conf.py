"""Which settings does the event store have?"""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from msgspec import Struct


class EventsConf(Struct, frozen=True, kw_only=True):
    """The event store's settings, read once per call site that needs them."""

    service: str
    """`NOVA_SERVICE`: the `source_service` of events appended by this process."""
    accept_unregistered: bool
    """`NOVA_ACCEPT_UNREGISTERED_EVENTS`: whether REST takes events of types that no code registers."""
    max_event_bytes: int
    """`NOVA_MAX_EVENT_BYTES`: most canonical JSON of payload and metadata; below Kafka's default message size."""
    require_expected_version: bool
    """`NOVA_REQUIRE_EXPECTED_VERSION`: whether REST refuses appends that expect nothing."""
    max_append_events: int
    """`NOVA_MAX_APPEND_EVENTS`: most events of one append over REST."""
    compress_above: int
    """`NOVA_COMPRESS_ABOVE`: payloads of more bytes of JSON are stored compressed; 0 for never."""
    snapshot_every: int
    """`NOVA_SNAPSHOT_EVERY`: after so many events since the last one, a snapshot of an aggregate is taken."""
    batch_events: int
    """`NOVA_BATCH_EVENTS`: so many events a batch writer collects at most before it writes."""
    batch_delay: float
    """`NOVA_BATCH_DELAY`: so many seconds it collects at most."""
    stream_cache_events: int
    """`NOVA_STREAM_CACHE_EVENTS`: most events of cached streams that a process keeps; 0 switches the cache off."""
    stream_cache_bytes: int
    """`NOVA_STREAM_CACHE_BYTES`: most bytes of JSON that they come to; in memory they take several times that."""
    stream_cache_ttl: int
    """`NOVA_STREAM_CACHE_TTL`: seconds that Redis keeps a stream."""
    redis_url: str
    """`REDIS_URL`: where cached streams lie for all processes; without it each keeps its own."""


@cache
def events_conf() -> EventsConf:
    """The settings, read once: an append looks at them every time."""
    return EventsConf(
        service=getattr(settings, "NOVA_SERVICE", "nova"),
        accept_unregistered=getattr(settings, "NOVA_ACCEPT_UNREGISTERED_EVENTS", False),
        max_event_bytes=getattr(settings, "NOVA_MAX_EVENT_BYTES", 900_000),
        require_expected_version=getattr(settings, "NOVA_REQUIRE_EXPECTED_VERSION", False),
        max_append_events=getattr(settings, "NOVA_MAX_APPEND_EVENTS", 1_000),
        compress_above=getattr(settings, "NOVA_COMPRESS_ABOVE", 4_096),
        snapshot_every=getattr(settings, "NOVA_SNAPSHOT_EVERY", 100),
        batch_events=getattr(settings, "NOVA_BATCH_EVENTS", 1_000),
        batch_delay=getattr(settings, "NOVA_BATCH_DELAY", 0.1),
        stream_cache_events=getattr(settings, "NOVA_STREAM_CACHE_EVENTS", 100_000),
        stream_cache_bytes=getattr(settings, "NOVA_STREAM_CACHE_BYTES", 64 * 1024 * 1024),
        stream_cache_ttl=getattr(settings, "NOVA_STREAM_CACHE_TTL", 300),
        redis_url=getattr(settings, "REDIS_URL", ""),
    )


def name_exceptions() -> Collection[str]:
    """`NOVA_EVENT_NAME_EXCEPTIONS`: event types that need not be named in the past tense."""
    names: Collection[str] = getattr(settings, "NOVA_EVENT_NAME_EXCEPTIONS", ())
    return names


def _forget(**_: Any) -> None:
    events_conf.cache_clear()


# Sent by tests that override settings, never in production.
setting_changed.connect(_forget)
