"""Is the event store fit to run? Django's system checks say so before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name for it

from events.conf import events_conf, name_exceptions
from events.identifiers import SOURCE_SERVICE
from events.store.hooks import on_append_is_set
from events.types.naming import is_past_tense
from events.types.registry import registry
from events.types.upcasting import casts


@register()
def append_hook_is_set(**_: Any) -> list[CheckMessage]:
    """Refuse to start when nobody says what happens in the appending transaction."""
    if on_append_is_set():
        return []
    return [
        Error(
            "No append hook is connected: events would be stored and never published.",
            hint="Put 'nova.apps.NovaConfig' into INSTALLED_APPS, or call events.api.set_on_append at start.",
            id="events.E001",
        )
    ]


@register()
def settings_are_sound(**_: Any) -> list[CheckMessage]:
    """Refuse settings that the store cannot work with."""
    conf = events_conf()
    problems: list[CheckMessage] = []
    if not SOURCE_SERVICE.fullmatch(conf.service):
        problems.append(
            Error("NOVA_SERVICE must be 1 to 50 letters, digits, dots, dashes or underscores.", id="events.E002")
        )
    if not 1_000 <= conf.max_event_bytes <= 1_000_000:
        problems.append(
            Error(
                "NOVA_MAX_EVENT_BYTES must lie between 1 000 and 1 000 000.",
                hint="Kafka refuses messages above 1 MiB unless its brokers are told otherwise.",
                id="events.E003",
            )
        )
    if not 1 <= conf.max_append_events <= 10_000:
        problems.append(Error("NOVA_MAX_APPEND_EVENTS must lie between 1 and 10 000.", id="events.E004"))
    if conf.compress_above < 0:
        problems.append(Error("NOVA_COMPRESS_ABOVE must be a number of bytes, or 0 for never.", id="events.E007"))
    if not 1 <= conf.batch_events <= 10_000 or not 0 <= conf.batch_delay <= 10:
        problems.append(
            Error(
                "NOVA_BATCH_EVENTS must lie between 1 and 10 000, NOVA_BATCH_DELAY between 0 and 10.", id="events.E005"
            )
        )
    if conf.stream_cache_events < 0 or conf.stream_cache_bytes < 0 or conf.stream_cache_ttl < 1:
        problems.append(
            Error(
                "NOVA_STREAM_CACHE_EVENTS and _BYTES must be 0 or more, NOVA_STREAM_CACHE_TTL 1 or more.",
                id="events.E006",
            )
        )
    return problems


@register()
def names_are_in_the_past_tense(**_: Any) -> list[CheckMessage]:
    """Warn of event types whose names do not say that something has happened.

    A warning only: such a type works, and one that has been stored can't be renamed any more.
    """
    exceptions = name_exceptions()
    if not isinstance(exceptions, (list, tuple, set, frozenset)):
        return [Error("NOVA_EVENT_NAME_EXCEPTIONS must be a list of event types.", id="events.E005")]
    return [
        Warning(
            f"The event type {known.name!r} is not named in the past tense.",
            hint="Events tell what has happened: order.paid, not order.pay. End the name in a past participle, or put "
            "it into NOVA_EVENT_NAME_EXCEPTIONS when it is one that Nova does not know, or must stay as it is.",
            id="events.W001",
        )
        for known in registry
        if known.name not in exceptions and not is_past_tense(known.name)
    ]


@register()
def versions_are_connected(**_: Any) -> list[CheckMessage]:
    """Refuse to start when a stored version could not be read as the one that the code writes."""
    written = {known.name: known.version for known in registry}
    return [
        Error(
            f"Between the versions of an event type, {problem}.",
            hint="Register one upcaster (events.api.upcaster) from every version below the one that the code writes.",
            id="events.E006",
        )
        for problem in dict.fromkeys(casts.problems(written))
    ]


@register()
def snapshots_are_worth_their_while(**_: Any) -> list[CheckMessage]:
    """Refuse a snapshot after every event, or after none."""
    if events_conf().snapshot_every >= 1:
        return []
    return [Error("NOVA_SNAPSHOT_EVERY must be 1 or more.", id="events.E010")]
