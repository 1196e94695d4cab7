"""Operations on many sagas: what was selected is dealt with once each, at a rate, whoever works and whatever dies."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError

from kit.actions import NoArguments
from sagas.api import SagaFilter, cancel_operation, operate, start_operation
from sagas.exceptions import InvalidArgument, OperationFinished, OperationNotFound, RequestIdConflict
from sagas.models import SagaOperation, SagaState, SagaTransition
from sagas.operating import executor
from sagas.operating.actions import OfStep
from sagas.operating.executor import step, work_off_operations
from sagas.operating.operations import refused_items
from sagas.operating.retention import prune
from sagas.runner import saga_runner
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.outbox import eventually, hosted
from tests.support.threads import in_threads
from tests.support.trips import TripRequested

WHO = {"actor": "ann", "reason": "the printer works"}
STUCK = SagaFilter(status="stuck")


def begun(verb="resume", selection=STUCK, arguments=None, **options):
    return start_operation(verb, selection, arguments, **({"rate": 10_000} | WHO | options))[0]


def account(operation):
    operation.refresh_from_db()
    return (operation.state, operation.total, operation.done, operation.refused)


def by_operators():
    return SagaTransition.objects.filter(cause="operator").count()


@pytest.mark.django_db
def test_all_that_were_selected_are_operated_once(trips):
    for number in range(3):
        stuck_trip(trips, f"t{number}")
    live(trips, "running", TripRequested)
    operation = begun()

    assert (account(operation), operation.pending) == (("queued", 3, 0, 0), 3)
    assert work_off_operations(seconds=5) is None

    assert account(operation) == ("done", 3, 3, 0)
    kept = SagaTransition.objects.filter(cause="operator")
    assert [(one.cause_type, one.actor, one.reason) for one in kept] == [("resume", *WHO.values())] * 3
    assert SagaState.objects.filter(status="running").count() == 4


@pytest.mark.django_db
def test_what_gets_stuck_later_is_not_touched(trips):
    stuck_trip(trips, "before")
    operation = begun()
    stuck_trip(trips, "after")

    work_off_operations(seconds=5)

    assert account(operation) == ("done", 1, 1, 0)
    assert SagaState.objects.get(key="after").status == "awaiting_operator"


@pytest.mark.django_db
def test_what_cannot_be_is_counted_with_its_reason_and_the_others_go_on(trips):
    moved, other = stuck_trip(trips, "moved"), stuck_trip(trips, "other")
    operation = begun("retry", STUCK, OfStep(step="tickets"))
    operate("cancel", moved, NoArguments(), actor="bob", reason="not any more")

    work_off_operations(seconds=5)

    assert account(operation) == ("done", 2, 1, 1)
    assert [(item.saga_id, item.why_not) for item in refused_items(operation)] == [
        (moved, "cannot retry: it is failed")
    ]
    assert SagaState.objects.get(pk=other).status == "running"


@pytest.mark.django_db
def test_a_fault_of_one_does_not_hold_up_the_others(trips, monkeypatch):
    first, second = stuck_trip(trips, "first"), stuck_trip(trips, "second")
    operation = begun()

    def act(verb, saga_id, *args, **options):
        if saga_id == first:
            raise KeyError("room")
        return operate(verb, saga_id, *args, **options)

    monkeypatch.setattr(executor, "operate", act)
    work_off_operations(seconds=5)

    assert account(operation) == ("done", 2, 1, 1)
    assert refused_items(operation)[0].why_not == "KeyError: 'room'"
    assert SagaState.objects.get(pk=second).status == "running"


@pytest.mark.django_db
def test_nothing_of_an_instance_is_kept_when_a_worker_dies_over_it(trips, monkeypatch):
    stuck_trip(trips, "a")
    stuck_trip(trips, "b")
    operation = begun()
    step(operation.pk)

    def dies(*_, **__):
        raise OperationalError("terminating connection due to administrator command")

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(executor, "_keep", dies)
        step(operation.pk)
    assert (account(operation), by_operators()) == (("running", 2, 1, 0), 1)

    work_off_operations(seconds=5)
    assert (account(operation), by_operators()) == (("done", 2, 2, 0), 2)


def test_workers_share_operations_and_act_on_each_instance_once(committed_db, trips):
    for number in range(12):
        stuck_trip(trips, f"t{number}")
    operations = [begun("skip", SagaFilter(key_prefix=prefix), OfStep(step="tickets")) for prefix in ("t1", "t2", "t")]

    def work(_: int) -> None:
        while SagaOperation.objects.filter(state__in=("queued", "running")).exists():
            work_off_operations(seconds=1)

    in_threads(work)

    assert [account(operation)[:2] for operation in operations] == [("done", 3), ("done", 1), ("done", 12)]
    assert sum(operation.done for operation in operations) == 12 == by_operators()
    assert sum(operation.refused for operation in operations) == 4


@pytest.mark.django_db
def test_the_rate_is_kept(trips):
    for number in range(4):
        stuck_trip(trips, f"t{number}")
    operation = begun(rate=0.5)

    pause = work_off_operations(seconds=0.1)

    assert account(operation) == ("running", 4, 1, 0)
    assert pause is not None
    assert 1 < pause <= 2
    SagaOperation.objects.update(next_at=datetime.now(UTC) - timedelta(seconds=60))
    work_off_operations(seconds=1)
    # What was missed is not made up for: the one that was due, and one for the time since.
    assert account(operation) == ("running", 4, 3, 0)


def test_the_loop_of_workers_carries_them_out(committed_db, trips):
    stuck_trip(trips, "t")
    with hosted(saga_runner()):
        operation = begun()
        eventually(lambda: account(operation) == ("done", 1, 1, 0))


@pytest.mark.django_db
def test_one_that_selects_nothing_is_done(trips):
    live(trips, "running", TripRequested)

    assert account(begun()) == ("done", 0, 0, 0)


@pytest.mark.django_db
def test_a_cancelled_one_leaves_the_rest_as_it_is(trips):
    for number in range(3):
        stuck_trip(trips, f"t{number}")
    operation = begun()
    step(operation.pk)

    cancelled = cancel_operation(operation.pk, actor="bob", reason="enough")
    work_off_operations(seconds=1)

    assert account(operation) == ("cancelled", 3, 1, 0)
    assert (cancelled.cancelled_by, cancelled.cancel_reason, by_operators()) == ("bob", "enough", 1)
    with pytest.raises(OperationFinished):
        cancel_operation(operation.pk, actor="bob", reason="again")
    with pytest.raises(OperationNotFound):
        cancel_operation(operation.pk + 1, actor="bob", reason="which?")


@pytest.mark.django_db
def test_a_repeated_request_begins_nothing_new(trips):
    stuck_trip(trips)
    request_id = uuid4()
    first, second = (start_operation("resume", STUCK, actor="ann", reason="r", request_id=request_id) for _ in range(2))

    assert (first[0].pk, first[1], second[1]) == (second[0].pk, False, True)
    assert SagaOperation.objects.count() == 1
    with pytest.raises(RequestIdConflict):
        start_operation("cancel", STUCK, actor="ann", reason="r", request_id=request_id)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("edit", {}),
        ("retry", {}),
        ("resume", {"arguments": OfStep(step="tickets")}),
        ("resume", {"actor": ""}),
        ("resume", {"reason": ""}),
        ("resume", {"rate": 0.0}),
        ("resume", {"selection": SagaFilter(key="\0")}),
    ],
)
def test_what_makes_no_sense_is_refused(verb, options):
    with pytest.raises(InvalidArgument):
        begun(verb, **options)
    assert not SagaOperation.objects.exists()


@pytest.mark.django_db
def test_a_verb_that_an_installation_does_not_have_ends_it(trips):
    stuck_trip(trips)
    operation = begun()
    SagaOperation.objects.update(verb="persuade")

    work_off_operations(seconds=1)

    assert account(operation)[0] == "failed"
    assert operation.error == "this installation has no verb 'persuade'"


@pytest.mark.django_db
def test_an_operation_goes_when_what_has_ended_goes(trips):
    stuck_trip(trips)
    operation, live_one = begun(), None
    work_off_operations(seconds=5)
    live_one = begun("cancel", SagaFilter())
    SagaOperation.objects.filter(pk=operation.pk).update(finished_at=datetime.now(UTC) - timedelta(days=100))

    prune(datetime.now(UTC) - timedelta(days=90))

    assert list(SagaOperation.objects.values_list("pk", flat=True)) == [live_one.pk]
