"""Folded projection: each row is a fold of the events with its key, so that no table is needed to say what it is.

The engine keeps its tables by the fold; `live` gives the fold itself, on demand.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Generic, TypeVar

from events.envelope import RecordedEvent
from projections.definition.projection import Projection

StateT = TypeVar("StateT")


class FoldedProjection(Projection, Generic[StateT]):
    """Base of projections whose rows are folds. `initial` and `evolve` are pure; `load` and `save` know the tables."""

    def key_of(self, event: RecordedEvent) -> str:
        """The key of the row that the event changes."""
        raise NotImplementedError

    def initial(self, key: str) -> StateT:
        """A row of which nothing is known."""
        raise NotImplementedError

    def evolve(self, state: StateT, event: RecordedEvent) -> StateT:
        """The row after the event; it may be the same object, changed."""
        raise NotImplementedError

    def load(self, keys: Collection[str]) -> dict[str, StateT]:
        """Those rows of the keys that there are."""
        raise NotImplementedError

    def save(self, states: Collection[StateT]) -> None:
        """Write whole rows, new ones and changed ones."""
        raise NotImplementedError

    def fold(self, events: Iterable[RecordedEvent], states: dict[str, StateT]) -> dict[str, StateT]:
        """The rows after the events, by key: those that are given, changed in place, and new ones."""
        for event in events:
            key = self.key_of(event)
            state = states[key] if key in states else self.initial(key)
            states[key] = self.evolve(state, event)
        return states

    def apply(self, event: RecordedEvent) -> None:
        """Change one row."""
        self.apply_batch([event])

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the rows that the events speak of: read once, folded, written once."""
        self.save(self.fold(events, self.load({self.key_of(event) for event in events})).values())
