"""Operator's verbs: what a person may do to an instance. Each gives a transition, or raises `VerbRefused`.

They change the instance and nothing else: what was done at participants stays done, and what is asked for again is
asked under a new attempt.
"""

from datetime import datetime

from msgspec import Struct

from sagas.definition.saga import Saga, Step
from sagas.definition.states import StateMachine
from sagas.exceptions import VerbRefused
from sagas.machine.backward import begin_undo, go_back, needs_undoing
from sagas.machine.forward import begin, go_on
from sagas.machine.instance import LOST, OPEN, UNDOING, Instance, Status, StepStatus
from sagas.machine.progress import Progress
from sagas.machine.states import ask_again, present_state
from sagas.machine.transition import Transition


def retry(saga: Saga, instance: Instance, name: str, *, now: datetime) -> Transition:
    """Try a step again, or undoing it, at once."""
    progress, step = _begun(saga, instance, "retry", now=now), _step(saga, name, "retry")
    status = progress.state(step).status
    if isinstance(saga, StateMachine):
        if name != present_state(instance):
            raise VerbRefused("retry", f"the instance is not in state {name}")
        ask_again(progress, step)
    elif status in UNDOING:
        begin_undo(progress, step)
        go_back(progress)
    elif status in (*OPEN, *LOST) and not instance.failure:
        begin(progress, step)
        go_on(progress)
    else:
        raise VerbRefused("retry", f"step {name} is {status}")
    return progress.transition()


def skip(saga: Saga, instance: Instance, name: str, *, now: datetime) -> Transition:
    """Let a step pass as it is: forward it counts as not needed, on the way back its effect is left."""
    progress, step = _begun(saga, instance, "skip", now=now), _step(saga, name, "skip")
    _refuse_for_states(saga, "skip")
    state = progress.state(step)
    if instance.failure and (state.status in UNDOING or needs_undoing(step, state)):
        progress.move(step, StepStatus.LEFT)
        go_back(progress)
    elif not instance.failure and state.status in (*OPEN, *LOST, StepStatus.PENDING):
        progress.move(step, StepStatus.SKIPPED)
        go_on(progress)
    else:
        raise VerbRefused("skip", f"step {name} is {state.status}")
    return progress.transition()


def edit(saga: Saga, instance: Instance, data: Struct, *, now: datetime) -> Transition:
    """Let the instance's data be these; what goes out from now on is made of them."""
    progress = _begun(saga, instance, "edit", now=now)
    progress.change(data=data)
    return progress.transition()


def force_compensation(saga: Saga, instance: Instance, reason: str, *, now: datetime) -> Transition:
    """Undo what can be undone, whatever comes; what has no compensation stays."""
    progress = _begun(saga, instance, "compensate", now=now)
    _refuse_for_states(saga, "compensate")
    if instance.failure:
        raise VerbRefused("compensate", "it is being compensated already")
    for step in saga.steps():
        state = progress.state(step)
        if state.status in OPEN:
            _give_up(progress, step, reason)
    progress.change(failure=reason)
    go_back(progress)
    return progress.transition()


def resume(saga: Saga, instance: Instance, *, now: datetime) -> Transition:
    """Try everything again that waits for an operator."""
    progress = _begun(saga, instance, "resume", now=now)
    if not instance.status.is_stuck:
        raise VerbRefused("resume", f"it is {instance.status}, and waits for no operator")
    if isinstance(saga, StateMachine):
        ask_again(progress, saga.step(present_state(instance)))
        return progress.transition()
    for step in saga.steps():
        status = progress.state(step).status
        if status is StepStatus.UNDO_FAILED:
            begin_undo(progress, step)
        elif status in LOST and not instance.failure:
            begin(progress, step)
    if instance.failure:
        go_back(progress)
    else:
        go_on(progress)
    return progress.transition()


def cancel(saga: Saga, instance: Instance, reason: str, *, now: datetime) -> Transition:
    """Give the instance up as it is: nothing more is asked for, and nothing is undone."""
    progress = Progress(saga, instance, now=now)
    if instance.status.is_end:
        raise VerbRefused("cancel", f"it is {instance.status}")
    for step in saga.steps():
        state = progress.state(step)
        if state.status in OPEN:
            _give_up(progress, step, reason)
        elif state.status in UNDOING:
            progress.move(step, StepStatus.LEFT, reason=reason)
    progress.change(failure=instance.failure or reason)
    progress.stand(Status.FAILED)
    return progress.transition()


def _refuse_for_states(saga: Saga, verb: str) -> None:
    """What follows a state, forward or back, its events alone say."""
    if isinstance(saga, StateMachine):
        raise VerbRefused(verb, "a state is left by an event; let it ask again, edit its data, or give it up")


def _give_up(progress: Progress, step: Step, reason: str) -> None:
    """Wait for a step no longer. What was asked for and not answered may still be done."""
    state = progress.state(step)
    is_asked = step.request is not None and state.status is StepStatus.RUNNING
    unanswered = (*state.unanswered, state.attempt) if is_asked else state.unanswered
    lost = StepStatus.UNCERTAIN if unanswered else StepStatus.REFUSED
    progress.move(step, lost, unanswered=unanswered, reason=reason)


def _begun(saga: Saga, instance: Instance, verb: str, *, now: datetime) -> Progress:
    if instance.status.is_end or instance.status is Status.UNSTARTED:
        raise VerbRefused(verb, f"it is {instance.status}")
    return Progress(saga, instance, now=now)


def _step(saga: Saga, name: str, verb: str) -> Step:
    try:
        return saga.step(name)
    except KeyError:
        raise VerbRefused(verb, f"there is no step {name!r}") from None
