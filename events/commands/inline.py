"""Inline effects: rows of a service's own tables, written in the very transaction that appends a command's events.

A rule that reaches beyond one stream, such as that nobody else has an address, needs a table with a constraint. The
aggregate stays pure; what is written for it stands here, once for each aggregate type.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import transaction
from msgspec import Struct

from events.aggregates.aggregate import Aggregate
from events.envelope import StreamId

InlineEffect = Callable[[StreamId, Sequence[Struct], str], None]
"""Writes what the events mean for other tables, in the database of that alias, before they are appended.

It raises a `CommandRefused` where it cannot be; then nothing is written, neither rows nor events. It touches nothing
but the database: what it did is taken back when the append is refused, and done again when the command is decided anew.
"""
EffectT = TypeVar("EffectT", bound=InlineEffect)

_effects: dict[str, InlineEffect] = {}


def inline_effect(aggregate: Aggregate[Any]) -> Callable[[EffectT], EffectT]:
    """Register the decorated function as the effect of the aggregate's commands. Raises `ValueError` for a second."""

    def register(effect: EffectT) -> EffectT:
        if aggregate.name in _effects:
            raise ValueError(f"{aggregate.name} has an inline effect already")
        _effects[aggregate.name] = effect
        return effect

    return register


def effect_of(stream: StreamId) -> InlineEffect | None:
    """The effect of commands on that aggregate; None for most."""
    return _effects.get(stream.aggregate_type)


def try_effect(stream: StreamId, payloads: Sequence[Struct], using: str) -> None:
    """Raise what the effect of these events would raise, and leave nothing behind."""
    effect = effect_of(stream)
    if effect is not None and payloads:
        with transaction.atomic(using=using):
            effect(stream, payloads, using)
            transaction.set_rollback(True, using=using)
