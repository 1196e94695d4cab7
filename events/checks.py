"""System checks of the event store: what it cannot run with is refused before anything starts."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name for it
from psycopg.errors import UndefinedFunction

from events.conf import EventsConf
from events.store.hooks import on_append_is_set
from events.store.sequences import sequences_behind
from events.types.naming import is_past_tense
from events.types.registry import registry
from events.types.upcasting import casts
from kit.settings import settings_check, sound

settings_are_sound = settings_check(EventsConf, check="events.E008")


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
def names_are_in_the_past_tense(**_: Any) -> list[CheckMessage]:
    """Warn of event types whose names do not say that something has happened.

    A warning only: such a type works, and one that has been stored can't be renamed any more.
    """
    exceptions = sound(EventsConf).name_exceptions
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


@register(Tags.database)
def sequences_are_ahead_of_rows(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a database that was restored without its sequences: what is written next would be refused, or be missed.

    As every check that asks the database, it runs with `migrate` and with `check --database default`.
    """
    problems: list[CheckMessage] = []
    for alias in databases or ():
        try:
            behind = sequences_behind(using=alias)
        except UndefinedFunction:  # not migrated yet, so there are no rows
            continue
        problems += [
            Error(
                f"The next number of {found.table}.{found.column} would be {found.next_number}, and its rows go up to "
                f"{found.highest}.",
                hint=f"Run manage.py repair_sequences, or {found.repair_statement};",
                id="events.E009",
            )
            for found in behind
        ]
    return problems
