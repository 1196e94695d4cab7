"""A command takes effect once, and none is lost, whoever else is at the same aggregate (C3, C8)."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.db import connection, transaction
from msgspec import structs

from events.api import (
    AggregateNotFound,
    CommandIdConflict,
    CommandRefused,
    Executed,
    Expected,
    NewEvent,
    StreamId,
    Unavailable,
    VersionConflict,
    aggregates,
    append_events,
    difference,
    event_context,
    execute,
    get_events,
    load_aggregate,
    set_stream_metadata,
    state_at_time,
    state_at_version,
    stream_version,
    uuid7,
)
from events.commands import execution as commands
from events.commands.dry_run import dry_run
from kit.pacing.retry import RetryPolicy
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import AddItem, CancelOrder, CreateOrder, PayOrder, RemoveItem, ShipOrder
from nova.services.orders.events import OrderItem, OrderItemAdded
from tests.support.database import scalar
from tests.support.threads import THREADS, in_threads

TEA = OrderItem(product_id="tea", quantity=1, unit_price=500)
CREATE = CreateOrder(customer_id="ann", currency="EUR", items=[TEA])
ADD = AddItem(product_id="tea", quantity=1, unit_price=500)


@pytest.fixture
def order() -> str:
    order_id = str(uuid7())
    execute(order_id, CREATE)
    return order_id


def quantity(order_id: str) -> int:
    lines: Any = load_aggregate(ORDER, order_id).state.lines
    return int(lines["tea"].quantity)


def race_to_pay(*, one_at_a_time: bool) -> int:
    """How often an order is paid when everybody tries at the same moment."""
    order_id = str(uuid7())
    execute(order_id, CREATE)

    def pay(number: int) -> None:
        with suppress(CommandRefused):
            execute(order_id, PayOrder(payment_id=f"p{number}", amount=500), one_at_a_time=one_at_a_time)

    in_threads(pay)
    return sum(event.event_type == "order.paid" for event in get_events(StreamId("order", order_id)))


@pytest.mark.django_db
class TestOne:
    """One command at a time."""

    def test_it_appends_what_the_aggregate_decides(self) -> None:
        command_id, correlation_id = uuid7(), uuid7()
        with event_context(correlation_id=correlation_id, user_id="ann"):
            answer = execute("o1", CREATE, command_id=command_id)
        (event,) = get_events(StreamId("order", "o1"))
        assert (answer.version, answer.command_id, answer.replayed) == (1, command_id, False)
        assert answer.event_ids == (event.event_id,)
        assert answer.payloads == (event.payload,)
        assert (event.causation_id, event.correlation_id, event.user_id) == (command_id, correlation_id, "ann")
        assert event.metadata["command"]["name"] == "create"

    def test_what_caused_the_command_stays_known(self) -> None:
        cause = uuid7()
        with event_context(causation_id=cause):
            answer = execute("o1", CREATE)
        (event,) = get_events(StreamId("order", "o1"))
        assert event.causation_id == answer.command_id
        assert event.metadata["command"]["causation_id"] == str(cause)

    def test_a_refusal_appends_nothing(self, order: str) -> None:
        with pytest.raises(CommandRefused) as refusal:
            execute(order, ShipOrder(tracking_number="T"))
        assert refusal.value.code == "wrong_order_status"
        assert len(get_events(StreamId("order", order))) == 1

    def test_one_error_says_that_there_is_no_such_aggregate(self) -> None:
        asked_for: list[Callable[[], Any]] = [
            lambda: execute("o1", ADD),
            lambda: dry_run("o1", ADD),
            lambda: load_aggregate(ORDER, "o1", must_exist=True),
            lambda: state_at_version(ORDER, "o1"),
            lambda: state_at_version(ORDER, "o1", 0),
            lambda: state_at_time(ORDER, "o1", datetime.now(UTC)),
            lambda: difference(ORDER, "o1", 0, 1),
            lambda: stream_version(StreamId("order", "o1")),
        ]
        for ask in asked_for:
            with pytest.raises(AggregateNotFound, match="order/o1 has no events") as raised:
                ask()
            assert raised.value.stream == StreamId("order", "o1")
        assert load_aggregate(ORDER, "o1").version == 0

    def test_a_repetition_gets_the_first_answer_although_the_rules_are_against_it_now(self, order: str) -> None:
        command_id = uuid7()
        first = execute(order, CancelOrder(reason="no"), command_id=command_id)
        again = execute(order, CancelOrder(reason="no"), command_id=command_id)
        assert again.replayed
        assert (again.version, again.event_ids, again.payloads) == (first.version, first.event_ids, first.payloads)
        with pytest.raises(CommandRefused):
            execute(order, CancelOrder(reason="no"))

    def test_a_first_answer_that_nobody_looks_for_is_missed(self, order: str, monkeypatch: Any) -> None:
        """The planted fault: the rules are asked first and last."""
        command_id = uuid7()
        execute(order, CancelOrder(reason="no"), command_id=command_id)
        monkeypatch.setattr(commands._Call, "_first_answer", lambda _: None)
        with pytest.raises(CommandRefused):
            execute(order, CancelOrder(reason="no"), command_id=command_id)

    def test_a_repetition_takes_no_second_effect_where_the_rules_would_allow_it(self, order: str) -> None:
        command_id = uuid7()
        first = execute(order, ADD, command_id=command_id)
        execute(order, ADD)
        again = execute(order, ADD, command_id=command_id)
        assert again.replayed
        assert (again.version, again.positions) == (first.version, first.positions) == (2, first.positions)
        assert quantity(order) == 3

    def test_a_repetition_is_known_although_it_would_decide_otherwise_now(self, order: str) -> None:
        pay, command_id = PayOrder(payment_id="p", amount=500), uuid7()
        execute(order, pay, command_id=command_id)
        execute(order, ShipOrder(tracking_number="T"))
        assert execute(order, pay, command_id=command_id).version == 2

    def test_a_repetition_with_an_expected_version_is_known(self, order: str) -> None:
        command_id = uuid7()
        execute(order, ADD, command_id=command_id, expected_version=1)
        assert execute(order, ADD, command_id=command_id, expected_version=1).replayed
        with pytest.raises(VersionConflict) as conflict:
            execute(order, ADD, expected_version=1)
        assert (conflict.value.expected, conflict.value.actual) == (1, 2)

    @pytest.mark.parametrize("change", ["another command", "another aggregate"])
    def test_a_command_id_names_one_command(self, order: str, change: str) -> None:
        command_id = uuid7()
        execute(order, ADD, command_id=command_id)
        with pytest.raises(CommandIdConflict):
            if change == "another command":
                execute(order, CancelOrder(reason="x"), command_id=command_id)
            else:
                execute(str(uuid7()), CREATE, command_id=command_id)
        assert scalar("SELECT count(*) FROM domain_events") == 2

    def test_a_repetition_gets_the_whole_first_answer_whatever_readers_see_of_the_stream(
        self, order: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        twice = structs.replace(ORDER, decide=lambda *said: ORDER.decide(*said) * 2)
        known: Any = aggregates._by_command
        monkeypatch.setitem(known, AddItem, (twice, "add_item"))
        command_id = uuid7()
        first = execute(order, ADD, command_id=command_id)
        execute(order, ADD)
        set_stream_metadata(StreamId("order", order), max_count=1)
        again = execute(order, ADD, command_id=command_id)
        assert first.version == 3
        assert again == structs.replace(first, replayed=True)

    @pytest.mark.parametrize("metadata", [{}, {"command": "x"}, {"command": None}, {"command": ["hash"]}])
    def test_an_event_of_somebody_else_under_the_id_is_a_conflict(self, order: str, metadata: dict[str, Any]) -> None:
        command_id = uuid7()
        theirs = NewEvent(
            payload=OrderItemAdded(order_id=order, item=TEA),
            event_id=commands.event_id_of(command_id, 0),
            metadata=metadata,
        )
        append_events(StreamId("order", order), Expected.ANY, [theirs])
        with pytest.raises(CommandIdConflict):
            execute(order, ADD, command_id=command_id)

    def test_event_ids_derive_from_the_command_id(self) -> None:
        command_id = UUID("00000000-0000-7000-8000-00000000000a")
        assert commands.event_id_of(command_id, 0) == uuid5(command_id, "0")

    def test_a_transaction_goes_on_after_a_refusal_and_takes_all_back(self, order: str) -> None:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            execute(order, ADD, one_at_a_time=True)
            with pytest.raises(CommandRefused):
                execute(order, RemoveItem(product_id="cup"), one_at_a_time=True)
            execute(order, ADD)
            raise ZeroDivisionError
        assert quantity(order) == 1

    def test_it_gives_up_when_it_is_always_overtaken(self, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
        stale = load_aggregate(ORDER, order)
        execute(order, ADD)
        monkeypatch.setattr(commands, "load", lambda *_, **__: stale)
        with pytest.raises(Unavailable):
            execute(order, ADD, retry=RetryPolicy(limit=2, base=0.0001))


@pytest.mark.usefixtures("committed_db", "redis_url")
class TestMany:
    """Many at once."""

    @pytest.mark.parametrize("one_at_a_time", [False, True])
    def test_no_update_is_lost_among_threads(self, order: str, one_at_a_time: bool) -> None:
        def add(_: int) -> None:
            for _ in range(5):
                execute(order, ADD, one_at_a_time=one_at_a_time, retry=RetryPolicy(limit=99, base=0.005, cap=0.25))

        in_threads(add)
        assert quantity(order) == 1 + 5 * THREADS
        assert [event.version for event in get_events(StreamId("order", order))] == list(range(1, 5 * THREADS + 2))

    def test_whoever_has_the_aggregate_is_never_overtaken(self, order: str) -> None:
        def add(_: int) -> None:
            for _ in range(5):
                execute(order, ADD, one_at_a_time=True, retry=RetryPolicy(limit=0))

        in_threads(add)
        assert quantity(order) == 1 + 5 * THREADS

    def test_without_the_lock_somebody_is_overtaken(self, order: str) -> None:
        """The planted fault: the test above must see it."""

        def add(_: int) -> None:
            for _ in range(20):
                execute(order, ADD, retry=RetryPolicy(limit=0))

        with pytest.raises(Unavailable):
            in_threads(add)

    @pytest.mark.parametrize("one_at_a_time", [False, True])
    def test_what_may_happen_once_happens_once(self, one_at_a_time: bool) -> None:
        assert [paid for _ in range(5) if (paid := race_to_pay(one_at_a_time=one_at_a_time)) != 1] == []

    def test_a_version_that_nobody_checks_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The planted fault: whatever was decided is appended, although somebody else came first."""
        real = append_events
        monkeypatch.setattr(
            commands, "append_events", lambda stream, _, events, **kept: real(stream, Expected.ANY, events, **kept)
        )
        assert any(race_to_pay(one_at_a_time=False) > 1 for _ in range(10))

    def test_one_command_sent_by_all_takes_effect_once(self, order: str) -> None:
        command_id = uuid7()
        answers: list[Executed] = in_threads(lambda _: execute(order, ADD, command_id=command_id))
        assert quantity(order) == 2
        assert {(answer.version, answer.event_ids) for answer in answers} == {(2, answers[0].event_ids)}
        assert sum(not answer.replayed for answer in answers) == 1

    @pytest.mark.slow
    def test_no_update_is_lost_among_processes(self, order: str, database_url: str, redis_url: str) -> None:
        name = connection.settings_dict["NAME"]
        program = (
            "import django; django.setup()\n"
            "from django.db import connections\n"
            f"connections.databases['default']['NAME'] = {name!r}\n"
            "from events.api import execute\n"
            "from kit.pacing.retry import RetryPolicy\n"
            "from nova.services.orders.commands import AddItem\n"
            "add = AddItem(product_id='tea', quantity=1, unit_price=500)\n"
            "for number in range(20):\n"
            "    patient = RetryPolicy(limit=99, base=0.005, cap=0.25)\n"
            f"    execute({order!r}, add, one_at_a_time=number % 2 == 0, retry=patient)\n"
        )
        environment = {
            "DJANGO_SETTINGS_MODULE": "nova.settings.test",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
        running = [
            subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE) for _ in range(3)
        ]
        for process in running:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors.decode()
        assert quantity(order) == 61
