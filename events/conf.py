"""Settings of the event store."""

from typing import Annotated

from msgspec import Meta

from events.identifiers import SOURCE_SERVICE
from kit.conf import SharedConf
from kit.settings import Setting, reader


class EventsConf(SharedConf, frozen=True, kw_only=True):
    """The event store's settings."""

    service: Annotated[
        str,
        Setting(
            "NOVA_SERVICE",
            check="events.E002",
            must="be 1 to 50 letters, digits, dots, dashes or underscores",
        ),
        Meta(pattern=rf"\A{SOURCE_SERVICE.pattern}\Z"),
    ] = "nova"
    """The service that this process speaks for: the `source_service` of its events where no service owns the aggregate
    or the event's type."""
    accept_unregistered: Annotated[bool, Setting("NOVA_ACCEPT_UNREGISTERED_EVENTS")] = False
    """Whether REST takes events of types that no code registers; imports always may bring some."""
    require_expected_version: Annotated[bool, Setting("NOVA_REQUIRE_EXPECTED_VERSION")] = False
    """Whether REST refuses appends that name no expected version."""
    max_event_bytes: Annotated[
        int,
        Setting(
            "NOVA_MAX_EVENT_BYTES",
            check="events.E003",
            hint="Kafka refuses messages above 1 MiB unless its brokers are told otherwise.",
        ),
        Meta(ge=1_000, le=1_000_000),
    ] = 900_000
    """Most canonical JSON of an event's payload and metadata; below Kafka's default message size."""
    max_append_events: Annotated[int, Setting("NOVA_MAX_APPEND_EVENTS", check="events.E004"), Meta(ge=1, le=10_000)] = (
        1_000
    )
    """Most events of one append over REST."""
    compress_above: Annotated[
        int,
        Setting("NOVA_COMPRESS_ABOVE", check="events.E007", must="be a number of bytes, or 0 for never"),
        Meta(ge=0),
    ] = 4_096
    """Payloads of more bytes of JSON are stored compressed; 0 for never. Above 2 KB PostgreSQL would compress them
    itself, more slowly and less; below, compressing costs more than it saves."""
    name_exceptions: Annotated[
        tuple[str, ...],
        Setting("NOVA_EVENT_NAME_EXCEPTIONS", check="events.E005", must="be a list of event types"),
    ] = ()
    """Event types that need not be named in the past tense."""
    snapshot_every: Annotated[int, Setting("NOVA_SNAPSHOT_EVERY", check="events.E010"), Meta(ge=1)] = 100
    """After so many events since the last one, a snapshot of an aggregate is taken."""
    batch_events: Annotated[int, Setting("NOVA_BATCH_EVENTS"), Meta(ge=1, le=10_000)] = 1_000
    """Most events that a batch writer collects before it writes them in one statement."""
    batch_delay: Annotated[float, Setting("NOVA_BATCH_DELAY"), Meta(ge=0, le=10)] = 0.1
    """Most seconds that it collects."""
    stream_cache_events: Annotated[int, Setting("NOVA_STREAM_CACHE_EVENTS"), Meta(ge=0)] = 100_000
    """Most events of cached streams that a process keeps; 0 switches the cache off."""
    stream_cache_bytes: Annotated[int, Setting("NOVA_STREAM_CACHE_BYTES"), Meta(ge=0)] = 64 * 1024 * 1024
    """Most bytes of JSON that they come to; in memory they take several times that."""
    stream_cache_ttl: Annotated[int, Setting("NOVA_STREAM_CACHE_TTL"), Meta(ge=1)] = 300
    """Seconds that Redis keeps a stream."""


events_conf = reader(EventsConf)
