"""A snapshot makes a load faster and nothing else: state from snapshot and tail is the fold from the first event."""

from datetime import UTC, datetime
from io import StringIO
from queue import Queue
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest
from celery import Celery, current_app
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from msgspec import Struct, structs

from events.aggregates import aggregate as aggregates_module
from events.aggregates.aggregate import Aggregate, Issued, aggregates, fingerprint
from events.api import (
    CommandRefused,
    Expected,
    NewEvent,
    Untyped,
    append_events,
    execute,
    get_events,
    latest_snapshot,
    load_aggregate,
    save_snapshot,
    uuid7,
)
from events.commands import execution as commands
from events.envelope import StreamId
from events.models import AggregateSnapshot
from events.state import snapshot_requests, snapshots
from events.state.snapshot_maintenance import rebuild_of, snapshot_statuses, take
from events.state.snapshots import KEEP, prune_snapshots
from events.tasks import prune_snapshots as prune_task
from events.tasks import rebuild_snapshots, take_snapshot
from nova.celery import schedule
from nova.services.orders.aggregates import ORDER, Order
from nova.services.orders.commands import AddItem, CreateOrder
from nova.services.orders.events import OrderItem
from tests.support.lives import lives_of
from tests.support.outbox import eventually

CREATE = CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=1, unit_price=5)])
ADD = AddItem(product_id="tea", quantity=1, unit_price=5)
PROPERTY = settings(max_examples=25, suppress_health_check=list(HealthCheck))

pytestmark = pytest.mark.usefixtures("db_or_commits")


@pytest.fixture
def db_or_commits(request: pytest.FixtureRequest) -> None:
    """A transaction that is rolled back, unless the test commits."""
    request.getfixturevalue("committed_db" if "committed_db" in request.fixturenames else "db")


def order_of(versions: int) -> str:
    order_id = str(uuid7())
    execute(order_id, CREATE)
    for _ in range(versions - 1):
        execute(order_id, ADD)
    return order_id


def from_zero(aggregate: Aggregate[Any], aggregate_id: str, version: int) -> Any:
    return aggregate.fold_recorded(
        aggregate.initial, get_events(StreamId(aggregate.name, aggregate_id), limit=version) if version else []
    )


def give(aggregate: Aggregate[Any], aggregate_id: str, command: Any) -> None:
    """Give it a command; one that has no name for others is decided as the aggregate's own service would."""
    if type(command) in aggregate.commands.values():
        execute(aggregate_id, command)
        return
    issued = Issued(aggregate_id=aggregate_id, command_id=uuid7(), at=datetime.now(UTC), user_id=None)
    loaded = load_aggregate(aggregate, aggregate_id)
    payloads = aggregate.decide(loaded.state, command, issued)
    append_events(loaded.stream, loaded.version, [NewEvent(payload=payload) for payload in payloads])


def live(aggregate: Aggregate[Any], orders: list[Any]) -> tuple[str, int]:
    """Let an aggregate live; its id and version."""
    aggregate_id = "a:b" if aggregate.name in {"follow", "like"} else str(uuid7())
    for command in orders:
        try:
            give(aggregate, aggregate_id, command)
        except CommandRefused:
            continue
    return aggregate_id, load_aggregate(aggregate, aggregate_id).version


def differing_versions(
    aggregate: Aggregate[Any], aggregate_id: str, last: int, *, kept_by: Aggregate[Any] | None = None
) -> list[tuple[int, int]]:
    """Snapshot and version where a load says something else than the fold from zero, whoever's code kept the state."""
    keeper = kept_by or aggregate
    wrong = []
    folds = [from_zero(aggregate, aggregate_id, version) for version in range(last + 1)]
    for kept in range(1, last + 1):
        AggregateSnapshot.objects.all().delete()
        save_snapshot(keeper, aggregate_id, kept, from_zero(keeper, aggregate_id, kept) if kept_by else folds[kept])
        # Of the versions before the snapshot the last one is enough: none of them may use it.
        for version in range(kept - 1, last + 1):
            loaded = load_aggregate(aggregate, aggregate_id, up_to=version)
            assert loaded.version == version
            assert kept_by or loaded.folded == version - (kept if kept <= version else 0)
            if loaded.state != folds[version]:
                wrong.append((kept, version))
    return wrong


@pytest.mark.parametrize("name", sorted(aggregate.name for aggregate in aggregates))
def test_state_from_snapshot_and_tail_is_the_fold_from_zero_at_every_version(name: str) -> None:
    """Of every aggregate that code registers, with commands made from their structs where a test gives none."""
    aggregate, longest = aggregates.named(name), [0]

    @PROPERTY
    @given(orders=lives_of(aggregate))
    def lived(orders: list[Any]) -> None:
        with transaction.atomic():
            aggregate_id, last = live(aggregate, orders)
            longest.append(last)
            assert differing_versions(aggregate, aggregate_id, last) == []
            transaction.set_rollback(True)

    lived()
    assert max(longest) > 0, f"no command of {name} was accepted: give tests/support/lives.py some that are"


def of_tomorrow(aggregate: Aggregate[Any], *, fold_version: int) -> Aggregate[Any]:
    """The order's code of tomorrow, which makes something else of the same events."""

    def evolve(state: Any, payload: Struct) -> Any:
        after = aggregate.evolve(state, payload)
        return structs.replace(after, customer_id=after.customer_id + "+")

    return structs.replace(aggregate, evolve=evolve, fold_version=fold_version)


def test_a_changed_fold_passes_old_snapshots_over() -> None:
    order_id = order_of(5)
    tomorrow = of_tomorrow(ORDER, fold_version=ORDER.fold_version + 1)
    assert differing_versions(tomorrow, order_id, 5, kept_by=ORDER) == []
    assert load_aggregate(tomorrow, order_id).state.customer_id == "ann+++++"


def test_a_stale_fold_version_would_be_seen() -> None:
    """The planted fault: a fold that changed, and its version did not."""
    order_id = order_of(5)
    tomorrow = of_tomorrow(ORDER, fold_version=ORDER.fold_version)
    assert differing_versions(tomorrow, order_id, 5, kept_by=ORDER) != []


def test_the_shape_of_the_state_and_the_versions_of_events_are_part_of_the_fold() -> None:
    class WiderOrder(Order, frozen=True, kw_only=True):
        gift: bool = False

    wider = structs.replace(ORDER, initial=WiderOrder())
    assert fingerprint(wider) != fingerprint(ORDER)
    with patch.object(aggregates_module, "folded_types", lambda _: {"order.created": 2}):
        upcast = structs.replace(ORDER)
        assert fingerprint(upcast) != fingerprint(ORDER)


def test_a_snapshot_in_another_codec_does_not_count() -> None:
    order_id = order_of(2)
    take(ORDER, order_id)
    AggregateSnapshot.objects.update(codec="other")
    assert latest_snapshot(ORDER, order_id) is None


def test_saving_a_version_again_changes_nothing() -> None:
    order_id = order_of(2)
    state = load_aggregate(ORDER, order_id).state
    assert save_snapshot(ORDER, order_id, 2, state)
    assert not save_snapshot(ORDER, order_id, 2, state)
    AggregateSnapshot.objects.update(fold="of yesterday")
    assert save_snapshot(ORDER, order_id, 2, state)
    assert AggregateSnapshot.objects.count() == 1


def test_the_newest_snapshots_stay() -> None:
    order_id = order_of(5)
    for version in range(1, 6):
        save_snapshot(ORDER, order_id, version, load_aggregate(ORDER, order_id, up_to=version).state)
    assert sorted(AggregateSnapshot.objects.values_list("version", flat=True)) == [4, 5][-KEEP:]
    assert prune_snapshots(keep=1) == KEEP - 1
    snapshot = latest_snapshot(ORDER, order_id)
    assert snapshot is not None
    assert snapshot.version == 5


def test_beat_prunes_what_a_worker_has_left() -> None:
    order_id = order_of(3)
    for version in range(1, 4):
        save_snapshot(ORDER, order_id, version, ORDER.initial, keep=9)
    app = Celery("test", set_as_current=False)
    schedule(app)
    assert prune_task.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert prune_task() == 3 - KEEP


def test_a_command_asks_for_a_snapshot_when_one_is_due(
    django_capture_on_commit_callbacks: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOVA_SNAPSHOT_EVERY = 3
    sent: list[Any] = []
    monkeypatch.setattr(commands, "ask_for_snapshot", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        order_id = order_of(2)
    assert sent == []
    with django_capture_on_commit_callbacks(execute=True):
        execute(order_id, ADD)
    assert sent == [StreamId("order", order_id)]
    assert take_snapshot("order", order_id) == 3
    with django_capture_on_commit_callbacks(execute=True):
        execute(order_id, ADD)
    assert len(sent) == 1
    assert load_aggregate(ORDER, order_id).folded == 1


def test_stale_snapshots_are_seen_and_made_anew() -> None:
    order_id = order_of(3)
    take(ORDER, order_id)
    AggregateSnapshot.objects.update(fold="of yesterday", version=2)
    (status,) = [status for status in snapshot_statuses() if status.aggregate_type == "order"]
    assert (status.counting, status.stale, status.aggregates) == (0, 1, 1)
    assert rebuild_snapshots() == 1
    (row,) = AggregateSnapshot.objects.all()
    assert (row.version, row.fold) == (3, fingerprint(ORDER))
    assert rebuild_snapshots("order") == 0


def test_one_aggregate_that_cannot_be_read_does_not_keep_the_others_stale() -> None:
    orders = [order_of(2) for _ in range(3)]
    for order_id in orders:
        take(ORDER, order_id)
    AggregateSnapshot.objects.update(fold="of yesterday", version=1)
    newer = NewEvent(payload=Untyped("order.paid", {"sum": 1}, 99))
    append_events(StreamId("order", sorted(orders)[1]), Expected.ANY, [newer])

    out, err = StringIO(), StringIO()
    call_command("snapshots", "rebuild", stdout=out, stderr=err)

    assert "of 2 aggregates" in out.getvalue()
    assert f"order/{sorted(orders)[1]} has order.paid in schema version 99" in err.getvalue()
    (status,) = [status for status in snapshot_statuses() if status.aggregate_type == "order"]
    assert (status.counting, status.stale) == (2, 1)
    assert rebuild_snapshots() == 0


def test_beat_has_stale_snapshots_made_anew() -> None:
    app = Celery("test", set_as_current=False)
    schedule(app)
    assert rebuild_snapshots.name in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_an_aggregate_is_folded_anew() -> None:
    order_id = order_of(3)
    save_snapshot(ORDER, order_id, 2, Order(customer_id="wrong"))
    assert load_aggregate(ORDER, order_id).state.customer_id == "wrong"
    assert rebuild_of(ORDER, order_id) == 3
    assert load_aggregate(ORDER, order_id).state == from_zero(ORDER, order_id, 3)


def test_the_command_line() -> None:
    order_id = order_of(3)
    take(ORDER, order_id)
    AggregateSnapshot.objects.update(fold="of yesterday")

    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("snapshots", *arguments, stdout=out)
        return out.getvalue()

    assert "order" in run("status")
    assert "of 1 aggregates" in run("rebuild", "--type", "order")
    assert "0 snapshots" in run("prune")
    with pytest.raises(CommandError):
        run("rebuild", "--type", "ordre")
    with pytest.raises(CommandError):
        run("prune", "--keep", "-1")


def test_a_snapshot_counts_by_what_made_it() -> None:
    assert snapshots.counts(ORDER, codec="json", fold=fingerprint(ORDER))
    assert not snapshots.counts(ORDER, codec="json", fold="x")


class TestCommitted:
    """What happens after a real commit."""

    def test_a_lost_request_costs_time_only(self, committed_db: None, settings: Any, monkeypatch: Any) -> None:
        settings.NOVA_SNAPSHOT_EVERY = 1
        tried = Event()

        def away(*_: Any, **__: Any) -> None:
            tried.set()
            raise ConnectionError("Redis is away")

        monkeypatch.setattr(current_app, "send_task", away)
        monkeypatch.setattr(snapshot_requests, "_asker", None)
        order_id = order_of(2)
        assert tried.wait(10)
        assert load_aggregate(ORDER, order_id).version == 2

    def test_after_a_failure_requests_wait_for_the_first_one_after_a_rest(self, monkeypatch: Any) -> None:
        sent: Queue[str] = Queue()

        def away(*_: Any, **__: Any) -> None:
            raise ConnectionError("Redis is away")

        def is_back(_: str, args: tuple[str, str], **__: Any) -> None:
            sent.put(args[1])

        asker = snapshot_requests.Asker()
        monkeypatch.setattr(snapshot_requests, "REST_AFTER_FAILURE", 3600.0)
        monkeypatch.setattr(current_app, "send_task", away)
        asker.ask(StreamId("order", "o1"))
        eventually(lambda: asker._rests_until)
        monkeypatch.setattr(current_app, "send_task", is_back)
        asker.ask(StreamId("order", "o2"))
        assert not asker._asked.is_set()
        asker._rests_until = 0.0
        asker.ask(StreamId("order", "o3"))

        assert {sent.get(timeout=10), sent.get(timeout=10)} == {"o2", "o3"}

    def test_a_request_names_the_task_and_the_aggregate(self, monkeypatch: Any) -> None:
        sent: Queue[Any] = Queue()
        monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: sent.put((name, args)))
        monkeypatch.setattr(snapshot_requests, "_asker", None)
        snapshot_requests.ask_for_snapshot(StreamId("order", "o1"))
        assert sent.get(timeout=10) == (take_snapshot.name, ("order", "o1"))


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_state_that_json_cannot_say_is_not_kept(number: float) -> None:
    order_id = order_of(2)
    state = load_aggregate(ORDER, order_id).state

    assert not save_snapshot(ORDER, order_id, 2, structs.replace(state, price=number))

    assert latest_snapshot(ORDER, order_id) is None
    assert load_aggregate(ORDER, order_id).state == state
