"""Verification of a handled read model: its tables are compared with a fold of what its group has had, row by row.

Group and tables need not wait. All is read as of one moment: the inbox says which events the tables hold then, and
exactly those of the log are folded. The log gives them in an order of its own, messages keep that of their keys alone:
handlers whose rows depend on more are found by that.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

import psycopg
from django.db import transaction
from msgspec import Struct

from events.api import stream_log
from outbox.api import (
    ReceivedEvent,
    as_received,
    is_outage,
    kept_external_events,
    taken_effect,
    unlogged_events,
)
from projections.arguments import arguments
from projections.definition.handled import HandledReadModel
from projections.exceptions import CannotVerify
from projections.verification.comparison import Difference, first_difference
from projections.verification.shadow import hide, see_one_snapshot

PAGE = 1_000
ItemT = TypeVar("ItemT")


class Verified(Struct, frozen=True, kw_only=True):
    """What a verification has found."""

    difference: Difference | None
    """None where the tables are what the events say."""
    unkept: int = 0
    """How many events the group has had that are nowhere kept; whether the tables hold what those say, nobody knows."""
    example: UUID | None = None
    """The id of one of them."""

    def __str__(self) -> str:
        """What there is to say beside "equal"; empty where there is nothing."""
        told = f"{self.unkept} events came from outside and are kept nowhere, such as {self.example}"
        return "; ".join([*([str(self.difference)] if self.difference else []), *([told] if self.unkept else [])])


def verify_handled(model: HandledReadModel, *, sample: int | None = None, reorder: bool = False) -> Verified:
    """Compare the tables with the fold of all events that the group has had by now.

    With a `sample`, so many rows of the first table, whichever: what is missing there is not found. With `reorder`,
    fold the events in another order that messages could have as well. Raises `CannotVerify` where no fold can be made.
    """
    arguments.limit(sample, name="sample")
    model.keepers()
    with transaction.atomic(durable=True):
        see_one_snapshot()
        shadows = hide(model.models)
        keys = None if sample is None else [str(key) for (key,) in shadows[0].run("some_keys", number=sample)]
        fold = _Fold(model, keys=keys, reorder=reorder)
        fold.apply_log()
        unkept = fold.apply_external()
        found = first_difference(shadows, keys=keys, beside=model.beside)
        transaction.set_rollback(True)
    return Verified(difference=found, unkept=len(unkept), example=min(unkept, default=None))


class _Fold:
    """Applies events to the shadow tables."""

    def __init__(self, model: HandledReadModel, *, keys: Sequence[str] | None, reorder: bool) -> None:
        self._model = model
        self._keys = None if keys is None else frozenset(keys)
        self._reorder = reorder

    def apply_log(self) -> None:
        """Apply what the log has of the events that the group has had."""
        types = self._model.event_types
        # Read through another connection: what has come since this transaction began, the inbox does not have.
        for page in _pages(stream_log(event_types=None if types is None else sorted(types))):
            had = taken_effect(self._model.group, page)
            self._apply([as_received(event) for event in page if event.event_id in had])

    def apply_external(self) -> set[UUID]:
        """Apply the events of others that the group's service keeps; those that it has had and that nobody keeps."""
        unlogged = set(unlogged_events(self._model.group))
        if unlogged:
            for page in _pages(self._kept(unlogged)):
                self._apply(page)
                unlogged -= {event.event_id for event in page}
        return unlogged

    def _kept(self, unlogged: set[UUID]) -> Iterator[ReceivedEvent]:
        return (event for event in kept_external_events(self._model.group) if event.event_id in unlogged)

    def _apply(self, events: Sequence[ReceivedEvent]) -> None:
        if self._keys is not None:
            events = [event for event in events if self._model.key_of(event) in self._keys]
        if not events:
            return
        try:
            self._model.handle(_by_key(events) if self._reorder else events)
        except Exception as error:
            place = f"at {events[0].offset} to {events[-1].offset}"
            if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise CannotVerify(
                    f"{self._model.name} writes to a table that it does not name {place}: what is done beside its "
                    "tables belongs into have_effect"
                ) from error
            if is_outage(error):
                raise
            raise CannotVerify(f"{self._model.name} fails {place}: {type(error).__name__}: {error}") from error


def _pages(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    iterator = iter(items)
    while page := list(islice(iterator, PAGE)):
        yield page


def _by_key(events: Sequence[ReceivedEvent]) -> list[ReceivedEvent]:
    """The events, those of each key in their order, and the keys that come last first."""
    keys: dict[tuple[str, bytes | None], list[ReceivedEvent]] = {}
    for event in events:
        keys.setdefault((event.topic, event.key), []).append(event)
    return [event for of_key in reversed(keys.values()) for event in of_key]
