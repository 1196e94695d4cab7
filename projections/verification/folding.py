"""Folding: the events that a group has had go to the unchanged handlers of a read model, in shadow tables.

What the group has is asked of its inbox, so that inbox and tables of the same moment belong together. The log gives the
events in an order of its own; messages keep that of their keys alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TypeVar
from uuid import UUID

import psycopg

from events.api import stream_log
from events.envelope import RecordedEvent
from outbox.api import (
    ReceivedEvent,
    as_received,
    is_outage,
    kept_external_events,
    taken_effect,
    unlogged_events,
)
from projections.definition.handled import HandledReadModel
from projections.exceptions import CannotVerify

PAGE = 1_000
# Events that the group has not had, which a fold that goes on remembers, to ask for them again.
MAX_WAITING = 100_000
ItemT = TypeVar("ItemT")


class HandledFold:
    """Applies events to the shadow tables, as far as the group has had them by then; once, or if it `goes_on` again."""

    def __init__(
        self,
        model: HandledReadModel,
        *,
        keys: Sequence[str] | None = None,
        reorder: bool = False,
        goes_on: bool = False,
    ) -> None:
        self._model = model
        self._keys = None if keys is None else frozenset(keys)
        self._reorder = reorder
        self._goes_on = goes_on
        self._position = 0
        self._waiting: list[RecordedEvent] = []
        self._kept: set[UUID] = set()
        self.applied = 0
        """How many events were applied."""

    def apply_log(self) -> None:
        """Apply what the log has of the events that the group has had by now, and that are not applied."""
        types = self._model.event_types
        waiting, self._waiting = self._waiting, []
        # Read through another connection. Where this transaction sees one moment, the inbox has nothing that is later.
        log = stream_log(self._position, event_types=None if types is None else sorted(types))
        for page in _pages(chain(waiting, log)):
            had = taken_effect(self._model.group, page)
            self._apply([as_received(event) for event in page if event.event_id in had])
            self._position = max(self._position, page[-1].position)
            if self._goes_on:
                self._waiting += [event for event in page if event.event_id not in had]
            if len(self._waiting) > MAX_WAITING:
                raise CannotVerify(f"{self._model.group} has not had {MAX_WAITING} events yet: let it catch up")

    def apply_external(self, *, since: datetime | None = None) -> set[UUID]:
        """Apply the events of others that the group's service keeps; those that it has had and that nobody keeps.

        With `since`, only what the group has had from then on.
        """
        unlogged = set(unlogged_events(self._model.group, since=since)) - self._kept
        if unlogged:
            for page in _pages(self._external(unlogged, since)):
                self._apply(page)
                self._kept |= {event.event_id for event in page}
        return unlogged - self._kept

    def _external(self, unlogged: set[UUID], since: datetime | None) -> Iterator[ReceivedEvent]:
        kept = kept_external_events(self._model.group, since=since)
        return (event for event in kept if event.event_id in unlogged)

    def _apply(self, events: Sequence[ReceivedEvent]) -> None:
        chosen = [event for event in events if self._is_in_sample(event)]
        if not chosen:
            return
        try:
            self._model.handle(_by_key(chosen) if self._reorder else chosen)
        except Exception as error:
            place = f"at {chosen[0].offset} to {chosen[-1].offset}"
            if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise CannotVerify(
                    f"{self._model.name} writes to a table that it does not name {place}: what is done beside its "
                    "tables belongs into have_effect"
                ) from error
            if is_outage(error):
                raise
            raise CannotVerify(f"{self._model.name} fails {place}: {type(error).__name__}: {error}") from error
        self.applied += len(chosen)

    def _is_in_sample(self, event: ReceivedEvent) -> bool:
        return self._keys is None or self._model.key_of(event) in self._keys


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
