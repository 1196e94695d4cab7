"""Saga registration: a definition becomes known together with the consumer group that hears its events."""

from functools import partial

from events.api import registry
from outbox.api import Handler, register_handlers
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.engine.engine import advance


def register_saga(saga: Saga, *, group: str) -> Saga:
    """Let the consumer group move instances of the saga on.

    Raises `InvalidSaga` for a definition that could end badly, and `SagaRegistered` for a name taken twice.
    """
    sagas.register(saga)
    names = tuple(registry.named_by_class(event) for event in saga.events())
    register_handlers(group, Handler(name=saga.name, event_types=names, handle_batch=partial(advance, saga)))
    return saga


def supersede_saga(saga: Saga) -> Saga:
    """Keep a definition of before for the instances that began with it."""
    return sagas.register(saga, superseded=True)
