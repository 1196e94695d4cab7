"""Operations on instances: what an operator can do about one, as actions, and how each is kept in its history."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec import Struct

from kit.actions import Action, Operator
from kit.json.pointer import explain
from sagas import metrics
from sagas.arguments import arguments as checks
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.engine.requests import Origin, append_requests
from sagas.engine.storage import lock_one, save
from sagas.exceptions import InvalidData, SagaNotFound
from sagas.machine import operator as verbs
from sagas.machine.history import Cause, Made
from sagas.machine.instance import Instance
from sagas.machine.transition import Transition

PERMISSION = "sagas.operate_sagastate"

Verb = Callable[[Saga, Instance, datetime], Transition]


class OfStep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which step."""

    step: str


class NewData(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the instance's data shall be, all of them."""

    data: dict[str, Any]


def _apply(saga_id: UUID, verb: str, operator: Operator, act: Verb) -> Instance:
    """Let an operator's verb take effect in one transaction. Raises `SagaNotFound` and `VerbRefused`."""
    with transaction.atomic():
        before = lock_one(saga_id)
        if before is None:
            raise SagaNotFound(saga_id)
        saga, now = sagas.of_shape(before.saga, before.shape), datetime.now(UTC)
        transition = act(saga, before, now)
        cause = Cause(kind="operator", type=verb, actor=operator.name, reason=operator.reason)
        made = Made(saga=saga, before=before, transition=transition, cause=cause, at=now)
        save([made])
        append_requests([(made, Origin(user_id=operator.name))])
        transaction.on_commit(lambda: metrics.count([made]), robust=True)
    return transition.instance


def _retry(saga_id: UUID, given: OfStep, operator: Operator) -> Instance:
    return _apply(saga_id, "retry", operator, lambda saga, one, now: verbs.retry(saga, one, given.step, now=now))


def _skip(saga_id: UUID, given: OfStep, operator: Operator) -> Instance:
    return _apply(saga_id, "skip", operator, lambda saga, one, now: verbs.skip(saga, one, given.step, now=now))


def _edit(saga_id: UUID, given: NewData, operator: Operator) -> Instance:
    def act(saga: Saga, instance: Instance, now: datetime) -> Transition:
        return verbs.edit(saga, instance, data_of(saga, given.data), now=now)

    return _apply(saga_id, "edit", operator, act)


def _compensate(saga_id: UUID, _: Struct, operator: Operator) -> Instance:
    reason = operator.reason
    return _apply(
        saga_id, "compensate", operator, lambda saga, one, now: verbs.force_compensation(saga, one, reason, now=now)
    )


def _resume(saga_id: UUID, _: Struct, operator: Operator) -> Instance:
    return _apply(saga_id, "resume", operator, lambda saga, one, now: verbs.resume(saga, one, now=now))


def _cancel(saga_id: UUID, _: Struct, operator: Operator) -> Instance:
    reason = operator.reason
    return _apply(saga_id, "cancel", operator, lambda saga, one, now: verbs.cancel(saga, one, reason, now=now))


def data_of(saga: Saga, data: dict[str, Any]) -> Struct:
    """Data that an instance of the saga can have. Raises `InvalidData` with a pointer."""
    try:
        checked: Struct = msgspec.convert(data, saga.data)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidData(reason, pointer=pointer) from error
    return checked


ACTIONS: dict[str, Action[UUID]] = {
    action.verb: action
    for action in (
        Action(
            verb="retry",
            label="Retry step",
            help="Asks for a step again at once, or for its compensation, under a new attempt.",
            permission=PERMISSION,
            arguments=OfStep,
            effect=_retry,
        ),
        Action(
            verb="skip",
            label="Skip step",
            help="Lets a step pass as it is: forward it counts as not needed, on the way back its effect is left.",
            permission=PERMISSION,
            arguments=OfStep,
            effect=_skip,
            dangerous=True,
        ),
        Action(
            verb="edit",
            label="Edit data",
            help="Replaces the instance's data; what goes out from now on is made of them.",
            permission=PERMISSION,
            arguments=NewData,
            effect=_edit,
        ),
        Action(
            verb="compensate",
            label="Compensate",
            help="Undoes, in reverse order, what can be undone; what has no compensation stays.",
            permission=PERMISSION,
            effect=_compensate,
            dangerous=True,
        ),
        Action(
            verb="resume",
            label="Resume",
            help="Tries everything again that waits for an operator.",
            permission=PERMISSION,
            effect=_resume,
        ),
        Action(
            verb="cancel",
            label="Give up",
            help="Ends the instance as it is: nothing more is asked for, and nothing is undone.",
            permission=PERMISSION,
            effect=_cancel,
            dangerous=True,
        ),
    )
}
"""By verb."""


def operate(verb: str, saga_id: UUID, arguments: Struct, *, actor: str, reason: str) -> Instance:
    """Do what an operator wants; the instance afterwards.

    Raises `SagaNotFound`, `VerbRefused` for what its state does not allow, `InvalidData`, and `UnknownShape` for one
    whose definition no code has.
    """
    operator = Operator(name=actor, reason=reason)
    instance: Instance = ACTIONS[verb].perform(saga_id, arguments, operator, checks=checks)
    return instance
