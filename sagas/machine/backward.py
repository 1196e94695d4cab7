"""The way back: what was done is undone, the last first."""

from datetime import timedelta

from sagas.definition.saga import Compensation, Reply, Step
from sagas.machine.instance import LOST, UNDOING, Arrival, Status, StepState, StepStatus, request_id
from sagas.machine.progress import Progress
from sagas.machine.transition import Purpose

_SILENCE = "no reply to its compensation within its deadline"


def go_back(progress: Progress) -> None:
    """Undo the last stage of which something is left; the one before it once that is done."""
    if any(progress.state(step).status is StepStatus.RUNNING for step in progress.saga.steps()):
        # What is under way beside a lost step is waited for: only then is it known what there is to undo.
        progress.stand(Status.COMPENSATING)
        return
    for group in reversed(progress.saga.groups()):
        for step in group:
            if needs_undoing(step, progress.state(step)):
                begin_undo(progress, step)
        if any(progress.state(step).status in UNDOING for step in group):
            failed = any(progress.state(step).status is StepStatus.UNDO_FAILED for step in group)
            progress.stand(Status.COMPENSATION_FAILED if failed else Status.COMPENSATING)
            return
    progress.stand(Status.COMPENSATED)


def needs_undoing(step: Step, state: StepState) -> bool:
    """Whether something of the step is left, or may be, that can be undone."""
    if step.compensation is None:
        return False
    return state.status is StepStatus.DONE or (state.status in LOST and bool(state.unanswered))


def begin_undo(progress: Progress, step: Step) -> None:
    """Begin an attempt to undo a step."""
    compensation = _compensation(step)
    attempt = progress.state(step).undo + 1
    if compensation.replies:
        progress.move(step, StepStatus.COMPENSATING, undo=attempt)
        progress.set_timer(step, Purpose.UNDO_DEADLINE, attempt, compensation.deadline)
    else:
        progress.move(step, StepStatus.COMPENSATED, undo=attempt)
    progress.send(step, compensation.request, attempt, undo=True)


def take_undo_reply(progress: Progress, step: Step, reply: Reply, arrival: Arrival) -> str:
    """Let a reply to a compensation count; otherwise why it does not."""
    state = progress.state(step)
    if state.status not in UNDOING:
        return f"step {step.name} is {state.status}"
    if reply.outcome == "done":
        progress.learn(reply, arrival)
        progress.move(step, StepStatus.COMPENSATED)
        return ""
    if state.status is not StepStatus.COMPENSATING:
        return f"step {step.name} is {state.status}"
    progress.learn(reply, arrival)
    reason = reply.reason(arrival.payload) if reply.reason else type(arrival.payload).__name__
    _try_again_or_give_up(progress, step, reason, final=reply.outcome == "refused")
    return ""


def pass_undo_deadline(progress: Progress, step: Step) -> None:
    """No reply to the compensation has come in time."""
    _try_again_or_give_up(progress, step, _SILENCE, final=False)


def _try_again_or_give_up(progress: Progress, step: Step, reason: str, *, final: bool) -> None:
    policy, attempt = _compensation(step).retry, progress.state(step).undo
    if final or attempt > policy.limit:
        progress.move(step, StepStatus.UNDO_FAILED, reason=reason)
        return
    progress.move(step, StepStatus.UNDO_RETRYING, reason=reason)
    chance = request_id(progress.instance.saga_id, step.name, attempt, undo=True).int % 10_000 / 10_000
    pause = timedelta(seconds=policy.delay(attempt, chance=chance))
    progress.set_timer(step, Purpose.UNDO_RETRY, attempt, pause)


def _compensation(step: Step) -> Compensation:
    assert step.compensation is not None  # noqa: S101 - for the type checker; only such steps are undone
    return step.compensation
