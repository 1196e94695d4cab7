"""Saga shape: what of a definition an instance depends on while it lives, and a hash that names it.

Steps, their order and kinds, what is asked for and what answers belong to it; functions and times do not, for they may
change beneath a running instance.
"""

from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from events.api import registry
from sagas.definition.saga import Reply, Saga, Step
from sagas.definition.states import State, StateMachine

LENGTH = 16


@cache
def shape_of(saga: Saga) -> str:
    """The name of the shape: 16 hexadecimal digits."""
    covered: dict[str, Any] = {
        "key": saga.key,
        "data": msgspec.json.schema(saga.data),
        "starts": [registry.named_by_class(start.event) for start in saga.starts],
        "stages": [[_step(step) for step in group] for group in saga.groups()],
    }
    if isinstance(saga, StateMachine):
        covered["states"] = [_state(state) for state in saga.states]
    return sha256(msgspec.json.encode(covered, order="sorted")).hexdigest()[:LENGTH]


def _step(step: Step) -> dict[str, Any]:
    compensation = step.compensation
    return {
        "name": step.name,
        "kind": step.kind,
        "request": registry.named_by_class(step.request.event) if step.request else None,
        "replies": _replies(step.replies),
        "compensation": registry.named_by_class(compensation.request.event) if compensation else None,
        "compensated": _replies(compensation.replies) if compensation else [],
    }


def _state(state: State) -> dict[str, Any]:
    """Where it leads, beside what it is as a step."""
    on = [(registry.named_by_class(one.event), one.to, one.doubtful or one.to) for one in state.on]
    return {"name": state.name, "on": on, "late": state.late}


def _replies(replies: tuple[Reply, ...]) -> list[tuple[str, str]]:
    return sorted((registry.named_by_class(reply.event), reply.outcome) for reply in replies)
