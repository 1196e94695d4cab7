"""The way forward: steps begin stage by stage, are tried again, and are done or given up."""

from datetime import timedelta
from uuid import UUID

from kit.pacing.retry import RetryPolicy
from sagas.definition.saga import Interrupt, Kind, Reply, Step
from sagas.machine.backward import go_back
from sagas.machine.instance import LOST, OPEN, PASSED, Arrival, Status, StepState, StepStatus, request_id
from sagas.machine.progress import Progress
from sagas.machine.transition import Purpose


def go_on(progress: Progress) -> None:
    """Begin what is next, as far as that is possible now."""
    for group in progress.saga.groups():
        if _is_passed(progress, group):
            continue
        for step in group:
            if progress.state(step).status is StepStatus.PENDING:
                _begin_or_skip(progress, step)
        if not _is_passed(progress, group):
            settle_stage(progress, group)
            return
    progress.stand(Status.COMPLETED)


def begin(progress: Progress, step: Step) -> None:
    """Begin an attempt: ask, and wait for the reply."""
    ask(progress, step, StepStatus.RUNNING if step.replies else StepStatus.DONE)


def ask(progress: Progress, step: Step, status: StepStatus) -> None:
    """Ask under a new attempt, and let the step stand there; where it waits, until its deadline."""
    attempt = progress.state(step).attempt + 1
    progress.move(step, status, attempt=attempt)
    if status is StepStatus.RUNNING and step.deadline is not None:
        progress.set_timer(step, Purpose.DEADLINE, attempt, step.deadline)
    if step.request:
        progress.send(step, step.request, attempt, undo=False)


def take_reply(progress: Progress, step: Step, reply: Reply, arrival: Arrival) -> str:
    """Let a reply count; otherwise why it does not."""
    state = progress.state(step)
    if not waits(state):
        return f"step {step.name} is {state.status}"
    if reply.outcome == "done":
        progress.learn(reply, arrival)
        progress.move(step, StepStatus.DONE)
        return ""
    answered = _attempt_of(arrival.causation_id, progress.instance.saga_id, step, state.attempt)
    unanswered = tuple(attempt for attempt in state.unanswered if attempt != answered)
    if answered is None and step.request:
        # Something else has caused it: what was asked for may still be done.
        unanswered = tuple(dict.fromkeys((*unanswered, state.attempt)))
    elif answered and answered < state.attempt:
        progress.note(step, unanswered=unanswered)
        return "" if unanswered != state.unanswered else f"it answers attempt {answered} of step {step.name}"
    if reply.outcome == "failed" and state.status is not StepStatus.RUNNING:
        return f"step {step.name} is {state.status}"
    progress.learn(reply, arrival)
    reason = reply.reason(arrival.payload) if reply.reason else type(arrival.payload).__name__
    if reply.outcome == "failed" and _may_try_again(progress, step):
        progress.move(step, StepStatus.RETRYING, reason=reason, unanswered=unanswered)
        pause = backoff(step.retry, progress.instance.saga_id, step.name, state.attempt)
        progress.set_timer(step, Purpose.RETRY, state.attempt, pause)
    else:
        progress.move(step, StepStatus.REFUSED, reason=reason, unanswered=unanswered)
    return ""


def waits(state: StepState) -> bool:
    """Whether a reply can tell anything new about the step."""
    return state.status in OPEN or (state.status in LOST and bool(state.unanswered))


def pass_deadline(progress: Progress, step: Step) -> None:
    """No reply has come in time."""
    state = progress.state(step)
    unanswered = (*state.unanswered, state.attempt) if step.request else ()
    if _may_try_again(progress, step):
        progress.note(step, unanswered=unanswered, reason=_SILENCE)
        begin(progress, step)
    elif step.otherwise:
        progress.change(data=step.otherwise(progress.instance.data))
        progress.move(step, StepStatus.DONE, unanswered=unanswered, reason=_SILENCE)
    else:
        lost = StepStatus.UNCERTAIN if unanswered else StepStatus.REFUSED
        progress.move(step, lost, unanswered=unanswered, reason=_SILENCE)


def settle_stage(progress: Progress, group: tuple[Step, ...]) -> None:
    """Say where the instance stands while a stage is not passed: going on, going back, or at a loss."""
    lost = [step for step in group if progress.state(step).status in LOST]
    if not lost:
        progress.stand(Status.RUNNING if _somebody_is_asked(progress, group) else Status.WAITING)
        return
    if any(_needs_operator(progress, step) for step in lost):
        progress.stand(Status.AWAITING_OPERATOR)
        return
    step = lost[0]
    turn_back(progress, f"{step.name}: {progress.state(step).reason}")


def turn_back(progress: Progress, failure: str) -> None:
    """Begin the way back, or go on with it: what is asked for is waited for, and nothing else."""
    if not progress.instance.failure:
        progress.change(failure=failure[:500])
    for step in progress.saga.steps():
        state = progress.state(step)
        if state.status is StepStatus.RETRYING or (state.status is StepStatus.RUNNING and step.request is None):
            lost = StepStatus.UNCERTAIN if state.unanswered else StepStatus.REFUSED
            progress.move(step, lost, reason=state.reason or failure)
    go_back(progress)


def take_interrupt(progress: Progress, interrupt: Interrupt, arrival: Arrival) -> str:
    """Let an event from outside turn the instance back; otherwise why it does not."""
    if progress.instance.status is Status.UNSTARTED:
        return progress.park(arrival)
    if progress.instance.failure:
        return "the instance goes back already"
    if is_decided(progress):
        return "the pivot has begun: nothing is turned back any more"
    progress.learn(interrupt, arrival)
    turn_back(progress, interrupt.reason(arrival.payload) if interrupt.reason else type(arrival.payload).__name__)
    return ""


def is_decided(progress: Progress) -> bool:
    """Whether the stage has begun from which on nothing is undone."""
    later = progress.saga.groups()[progress.saga.decisive_stage() :]
    return any(progress.state(step).status is not StepStatus.PENDING for group in later for step in group)


def backoff(policy: RetryPolicy, saga_id: UUID, step: str, attempt: int) -> timedelta:
    """How long to wait before the next attempt: by chance, and for the same attempt always the same."""
    chance = request_id(saga_id, step, attempt, undo=False).int % 10_000 / 10_000
    return timedelta(seconds=policy.delay(attempt, chance=chance))


def _is_passed(progress: Progress, group: tuple[Step, ...]) -> bool:
    # A loop, for every transition asks this of every stage: a generator would cost more than the question.
    for step in group:  # noqa: SIM110
        if progress.state(step).status not in PASSED:
            return False
    return True


def _begin_or_skip(progress: Progress, step: Step) -> None:
    if step.when is not None and not step.when(progress.instance.data):
        progress.move(step, StepStatus.SKIPPED)
    else:
        begin(progress, step)


def _may_try_again(progress: Progress, step: Step) -> bool:
    """Whether there are attempts left; on the way back, nothing is begun any more."""
    return not progress.instance.failure and progress.state(step).attempt <= step.retry.limit


def _needs_operator(progress: Progress, step: Step) -> bool:
    if step.kind is Kind.RETRIABLE:
        return True
    # Nobody knows whether it was done, and nothing is declared that would undo it.
    return step.kind is Kind.PIVOT and step.compensation is None and bool(progress.state(step).unanswered)


def _somebody_is_asked(progress: Progress, group: tuple[Step, ...]) -> bool:
    return any(step.request is not None and progress.state(step).status in OPEN for step in group)


def _attempt_of(causation_id: UUID | None, saga_id: UUID, step: Step, attempts: int) -> int | None:
    """Which attempt's request the event was caused by; the last, where it says nothing, and none, where another was."""
    if causation_id is None:
        return attempts
    for attempt in range(attempts, 0, -1):
        if request_id(saga_id, step.name, attempt, undo=False) == causation_id:
            return attempt
    return None


_SILENCE = "no reply within its deadline"
