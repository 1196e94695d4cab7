"""Operations on instances: what an operator can do about one, as actions, and how each is kept in its history."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from kit.actions import Action, NoArguments, Operator
from sagas import metrics
from sagas.arguments import arguments as checks
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.engine.requests import Origin, append_requests
from sagas.engine.storage import lock_one, save
from sagas.exceptions import SagaNotFound
from sagas.machine import operator as verbs
from sagas.machine.history import Cause, Made
from sagas.machine.instance import Instance
from sagas.machine.transition import Transition
from sagas.operating.editing import data_of

PERMISSION = "sagas.operate_sagastate"

Act = Callable[[Saga, Instance, Any, Operator, datetime], Transition]
"""What a verb makes of an instance, from its arguments, who wants it and why, and the time."""


class OfStep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which step."""

    step: str


class NewData(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the instance's data shall be, all of them."""

    data: dict[str, Any]


def operate(verb: str, saga_id: UUID, arguments: Struct, *, actor: str, reason: str) -> Instance:
    """Do what an operator wants; the instance afterwards.

    Raises `SagaNotFound`, `VerbRefused` for what its state does not allow, `InvalidData`, and `UnknownShape` for one
    whose definition no code has.
    """
    operator = Operator(name=actor, reason=reason)
    instance: Instance = ACTIONS[verb].perform(saga_id, arguments, operator, checks=checks)
    return instance


def _perform(verb: str, act: Act, saga_id: UUID, arguments: Struct, operator: Operator) -> Instance:
    """Let the verb take effect, in one transaction with its entry in the history and with what goes out."""
    with transaction.atomic():
        before = lock_one(saga_id)
        if before is None:
            raise SagaNotFound(saga_id)
        saga, now = sagas.of_shape(before.saga, before.shape), datetime.now(UTC)
        transition = act(saga, before, arguments, operator, now)
        cause = Cause(kind="operator", type=verb, actor=operator.name, reason=operator.reason)
        made = Made(saga=saga, before=before, transition=transition, cause=cause, at=now)
        save([made])
        append_requests([(made, Origin(user_id=operator.name))])
        transaction.on_commit(lambda: metrics.count([made]), robust=True)
    return transition.instance


def _action(
    verb: str, act: Act, *, label: str, explanation: str, arguments: type[Struct] = NoArguments, dangerous: bool = False
) -> Action[UUID]:
    return Action(
        verb=verb,
        label=label,
        explanation=explanation,
        permission=PERMISSION,
        arguments=arguments,
        effect=partial(_perform, verb, act),
        dangerous=dangerous,
    )


ACTIONS: dict[str, Action[UUID]] = {
    action.verb: action
    for action in (
        _action(
            "retry",
            lambda saga, instance, given, _, now: verbs.retry(saga, instance, given.step, now=now),
            label="Retry step",
            explanation="Asks for a step again at once, or for its compensation, under a new attempt.",
            arguments=OfStep,
        ),
        _action(
            "skip",
            lambda saga, instance, given, _, now: verbs.skip(saga, instance, given.step, now=now),
            label="Skip step",
            explanation="Lets a step pass: forward it counts as not needed, on the way back its effect is left.",
            arguments=OfStep,
            dangerous=True,
        ),
        _action(
            "edit",
            lambda saga, instance, given, _, now: verbs.edit(saga, instance, data_of(saga, given.data), now=now),
            label="Edit data",
            explanation="Replaces the instance's data; what goes out from now on is made of them.",
            arguments=NewData,
        ),
        _action(
            "compensate",
            lambda saga, instance, _, by, now: verbs.force_compensation(saga, instance, by.reason, now=now),
            label="Compensate",
            explanation="Undoes, in reverse order, what can be undone; what has no compensation stays.",
            dangerous=True,
        ),
        _action(
            "resume",
            lambda saga, instance, _, by, now: verbs.resume(saga, instance, now=now),  # noqa: ARG005 - as the others
            label="Resume",
            explanation="Tries everything again that waits for an operator.",
        ),
        _action(
            "cancel",
            lambda saga, instance, _, by, now: verbs.cancel(saga, instance, by.reason, now=now),
            label="Give up",
            explanation="Ends the instance as it is: nothing more is asked for, and nothing is undone.",
            dangerous=True,
        ),
    )
}
"""By verb."""
