"""Migration of instances: those that began with an older definition go on with the present one, step by step.

What has been done stays done: each step that the old definition knows is found again under its name, or under the one
that the mapping gives it, with its attempts and its timer. What cannot go on is left as it is, and said.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec import Struct, structs

from kit.json.pointer import explain
from sagas.arguments import arguments
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.definition.shape import shape_of
from sagas.engine.storage import due_timers, lock_whatever_definition, save
from sagas.exceptions import SagaError
from sagas.machine.history import Cause, Made
from sagas.machine.instance import OPEN, UNDOING, Instance, StepState, StepStatus
from sagas.machine.transition import Transition
from sagas.models import SagaState
from sagas.operating.selection import ENDS


class Migrated(Struct, frozen=True, kw_only=True):
    """What became of one instance, or would."""

    saga_id: UUID
    key: str
    shape: str
    """Of the definition that it began with."""
    why_not: str = ""
    """Why it stays as it is; empty where it goes on with the present definition."""


class CannotMigrate(SagaError):
    """An instance would not know how to go on."""


def migrate(
    name: str,
    *,
    mapping: Mapping[str, str],
    actor: str,
    reason: str,
    skip: Collection[str] = (),
    dry_run: bool = False,
) -> Iterator[Migrated]:
    """Let the open instances of a saga that began with another shape go on with the present one, each by itself.

    `mapping` gives steps their new names; those to `skip` count as not needed where they have not been taken. With
    `dry_run`, only tells what would happen. Raises `UnknownSaga`.
    """
    arguments.text("reason", reason, least=1, most=500)
    present = sagas.named(name)
    rows = SagaState.objects.filter(saga_type=name).exclude(status__in=[*ENDS, "unstarted"])
    others = rows.exclude(shape=shape_of(present)).order_by("saga_id")
    for saga_id, key, shape in others.values_list("saga_id", "key", "shape"):
        try:
            with transaction.atomic():
                cause = Cause(kind="operator", type="migrate", actor=actor, reason=reason)
                _migrate_one(saga_id, present, mapping, skip, cause)
                transaction.set_rollback(dry_run)
        except SagaError as error:
            yield Migrated(saga_id=saga_id, key=key, shape=shape, why_not=str(error))
        else:
            yield Migrated(saga_id=saga_id, key=key, shape=shape)


def moved(instance: Instance, present: Saga, mapping: Mapping[str, str], *, skip: Collection[str] = ()) -> Instance:
    """The instance on the present definition. Pure. Raises `CannotMigrate`."""
    known = {step.name: step for step in present.steps()}
    steps = {mapping.get(old, old): state for old, state in instance.steps.items()}
    if len(steps) < len(instance.steps):
        raise CannotMigrate("two of its steps would become one")
    for name, state in steps.items():
        step = known.get(name)
        if step is None and state.status is not StepStatus.PENDING:
            raise CannotMigrate(f"step {name!r} is {state.status}, and there is none of that name: map it to another")
        if step is not None and state.status in OPEN and not step.replies:
            raise CannotMigrate(f"step {name!r} waits for a reply, and the present one has none")
        if step is not None and state.status in UNDOING and step.compensation is None:
            raise CannotMigrate(f"step {name!r} is being undone, and the present one has no compensation")
    steps |= {name: StepState(status=StepStatus.SKIPPED) for name in skip if name in known and name not in steps}
    _check_order(present, steps)
    try:
        data = msgspec.convert(msgspec.to_builtins(instance.data), present.data)
    except msgspec.ValidationError as error:
        why, pointer = explain(error)
        raise CannotMigrate(f"its data do not fit at {pointer or '/'}: {why}") from error
    return structs.replace(instance, shape=shape_of(present), steps=steps, data=data, version=instance.version + 1)


def _check_order(present: Saga, steps: Mapping[str, StepState]) -> None:
    """Refuse what would take a step after one that comes behind it: nobody could say what is to be undone then."""
    not_taken: list[str] = []
    for group in present.groups():
        statuses = {step.name: steps[step.name].status if step.name in steps else StepStatus.PENDING for step in group}
        taken = [name for name, status in statuses.items() if status not in {StepStatus.PENDING, StepStatus.SKIPPED}]
        if not_taken and taken:
            raise CannotMigrate(
                f"step {not_taken[0]!r} has not been taken, and {taken[0]!r} behind it is {statuses[taken[0]]}: "
                f"skip it (--skip {not_taken[0]}) if it is not needed any more"
            )
        not_taken += [name for name, status in statuses.items() if status is StepStatus.PENDING]


def _migrate_one(saga_id: UUID, present: Saga, mapping: Mapping[str, str], skip: Collection[str], cause: Cause) -> None:
    before = lock_whatever_definition(saga_id)
    if before is None or before.status.is_end:
        raise CannotMigrate("it has ended meanwhile")
    timers = due_timers([saga_id], now=datetime.max.replace(tzinfo=UTC)).get(saga_id, [])
    transition = Transition(
        instance=moved(before, present, mapping, skip=skip),
        timers=tuple(structs.replace(timer, step=mapping.get(timer.step, timer.step)) for timer in timers),
        cancelled=frozenset(timer.step for timer in timers),
    )
    save([Made(saga=present, before=before, transition=transition, cause=cause, at=datetime.now(UTC))])
