"""Policy: whenever something happens, and perhaps under a condition, something is to be done.

A policy has no state of its own; what remembers is a saga. It turns an event into a command to an aggregate of the
service, through the same inbox as every handler, so that it is done once.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid5

import structlog
from msgspec import Struct

from events.api import Command, CommandRefused, execute, registry
from outbox.api import Handler, ReceivedEvent, register_handlers

log = structlog.get_logger(__name__)

Do = Callable[[Any], tuple[str, Command] | None]
"""From the payload, the aggregate's id and the command that it is given; None for nothing."""


def whenever(
    event: type[Struct], *, do: Do, group: str, name: str, when: Callable[[Any], bool] | None = None
) -> Handler:
    """Register a policy with a consumer group: whenever the event happens, and `when` says so, the command is given.

    A command that the aggregate's rules refuse is logged: the event has happened all the same.
    """

    def react(received: ReceivedEvent) -> None:
        if when is not None and not when(received.payload):
            return
        wanted = do(received.payload)
        if wanted is None:
            return
        aggregate_id, command = wanted
        try:
            execute(aggregate_id, command, command_id=uuid5(received.event_id, name))
        except CommandRefused as refusal:
            log.info("policy_refused", policy=name, event_id=str(received.event_id), code=refusal.code)

    handler = Handler(name=name, event_types=(registry.named_by_class(event),), handle=react)
    register_handlers(group, handler)
    return handler
