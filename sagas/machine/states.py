"""The reacting style: an instance is in one state, an event that it reacts to leads to the next, and an end ends it.

A state is kept as a step is: the one that the instance is in waits, is asked for again, and has a timer; those that it
has been in are passed. So storage, timers, history and console know both styles as one.
"""

from sagas.definition.saga import Step
from sagas.definition.states import COMPLETED, ENDS, OPERATOR, On, State, StateMachine
from sagas.machine.forward import ask
from sagas.machine.instance import LOST, OPEN, Arrival, Instance, Status, StepStatus, request_id
from sagas.machine.progress import Progress

_SILENCE = "no answer within its deadline"


def present_state(instance: Instance) -> str:
    """The state that the instance is in; empty before it has begun, and at an end."""
    return next((name for name, one in instance.steps.items() if one.status in (*OPEN, *LOST)), "")


def enter(progress: Progress, machine: StateMachine, name: str) -> None:
    """Be in that state from now on, and ask what it asks for."""
    step = machine.step(name)
    # A state that was left is entered as new; its attempts are counted on, for the ids of its requests.
    progress.note(step, unanswered=())
    _ask(progress, step)


def ask_again(progress: Progress, step: Step) -> None:
    """Ask once more what the present state asks for; what was asked before and not answered may still be done."""
    progress.note(step, unanswered=_unanswered(progress, step))
    _ask(progress, step)


def react(progress: Progress, machine: StateMachine, arrival: Arrival) -> str:
    """Let an event lead to the next state, or be parked; otherwise why it does neither."""
    if progress.instance.status is Status.UNSTARTED:
        return progress.park(arrival)
    state = machine.state(present_state(progress.instance))
    step = machine.step(state.name)
    of, attempt = _answered(progress, machine, arrival)
    if of and (of != state.name or attempt not in _unanswered(progress, step)):
        return f"it answers attempt {attempt} of state {of}, which is over"
    on = _reaction(progress, state, arrival)
    if on is None:
        return _keep_for_later(progress, machine, state, arrival)
    progress.learn(on, arrival)
    reason = on.reason(arrival.payload) if on.reason else ""
    if arrival.causation_id is None:
        attempt = progress.state(step).attempt
    # What something else has caused answers no attempt: what was asked for may still be done.
    others = tuple(one for one in _unanswered(progress, step) if one != attempt) if step.request else ()
    target = on.doubtful if on.doubtful and others else on.to
    if target == OPERATOR:
        _stay(progress, step, StepStatus.REFUSED, reason=reason, unanswered=others)
    else:
        _leave(progress, machine, step, target, StepStatus.DONE, reason=reason)
    return ""


def pass_deadline(progress: Progress, machine: StateMachine, step: Step) -> None:
    """No answer has come in time, nor an event from outside."""
    late = machine.state(step.name).late
    unanswered = _unanswered(progress, step)
    if step.request and len(unanswered) <= step.retry.limit:
        progress.note(step, reason=_SILENCE)
        ask_again(progress, step)
    elif late == OPERATOR:
        _stay(progress, step, StepStatus.UNCERTAIN, reason=_SILENCE, unanswered=unanswered)
    else:
        _leave(progress, machine, step, late, StepStatus.SKIPPED, reason=_SILENCE if step.request else "")


def _leave(
    progress: Progress, machine: StateMachine, step: Step, target: str, status: StepStatus, *, reason: str
) -> None:
    """Go to the next state, or to an end. A reason is one to go back; the first that there was counts."""
    progress.move(step, status, reason=reason)
    if target == COMPLETED:
        progress.change(failure="")
    elif reason and not progress.instance.failure:
        progress.change(failure=f"{step.name}: {reason}"[:500])
    if target in ENDS:
        progress.stand(Status(target))
    else:
        enter(progress, machine, target)


def _stay(progress: Progress, step: Step, status: StepStatus, *, reason: str, unanswered: tuple[int, ...]) -> None:
    """Wait for an operator, or for an event that comes late."""
    progress.move(step, status, reason=reason, unanswered=unanswered)
    progress.stand(Status.COMPENSATION_FAILED if progress.instance.failure else Status.AWAITING_OPERATOR)


def _ask(progress: Progress, step: Step) -> None:
    ask(progress, step, StepStatus.RUNNING)
    if progress.instance.failure:
        progress.stand(Status.COMPENSATING)
    else:
        progress.stand(Status.RUNNING if step.request else Status.WAITING)


def _keep_for_later(progress: Progress, machine: StateMachine, state: State, arrival: Arrival) -> str:
    """Park an event that a state ahead reacts to; otherwise why not."""
    ahead = machine.ahead(state.name)
    if any(on.event is type(arrival.payload) for name in ahead for on in machine.state(name).on):
        return progress.park(arrival)
    return f"state {state.name} does not react to it, and none that may come after it"


def _reaction(progress: Progress, state: State, arrival: Arrival) -> On | None:
    data, payload = progress.instance.data, arrival.payload
    fitting = (on for on in state.on if on.event is type(payload) and (on.when is None or on.when(data, payload)))
    return next(fitting, None)


def _unanswered(progress: Progress, step: Step) -> tuple[int, ...]:
    """The attempts since the state was entered that nobody has answered yet."""
    state = progress.state(step)
    last = () if state.status is StepStatus.REFUSED or state.attempt in state.unanswered else (state.attempt,)
    return (*state.unanswered, *last)


def _answered(progress: Progress, machine: StateMachine, arrival: Arrival) -> tuple[str, int]:
    """The state and the attempt whose request has caused the event; nothing for an event from outside."""
    if arrival.causation_id is not None:
        for step in machine.steps():
            for attempt in range(progress.state(step).attempt, 0, -1):
                if request_id(progress.instance.saga_id, step.name, attempt, undo=False) == arrival.causation_id:
                    return step.name, attempt
    return "", 0
