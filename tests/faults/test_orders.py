"""Orders while everything is killed: each ends as it must, stock and money add up to the cent, mails are sent (I9).

Programs of the production set fulfil orders that come over the API, on a PostgreSQL of their own and Apache Kafka.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from nova.rest.tokens import create_token
from outbox.api import group_named
from outbox.models import DeadLetter, OutboxEvent
from projections.api import registered_projections, seen_position
from sagas.models import SagaState, SagaTimer, SagaTransition
from tests.support.database import rows, scalar
from tests.support.databases import MortalPostgres
from tests.support.lossy_orders.losses import is_lost
from tests.support.mail import SmtpServer, smtp_server
from tests.support.many_orders import (
    APPROVED,
    PlannedOrder,
    assert_stock_and_money_add_up,
    ordering,
    planned,
    prepare,
)
from tests.support.outbox import eventually
from tests.support.production import START_TIMEOUT, Production, production, worker_command
from tests.support.restores import moved_to
from tests.support.topics import everything_on, header
from tests.support.truth import Truth

pytestmark = [pytest.mark.slow, pytest.mark.alone]
__all__ = ["smtp_server"]

ORDERS = 2_000
KILL_EVERY = ORDERS * 3 // 10
"""Moves of sagas between two kills, so that each comes in the middle of work."""
MAX_OPEN = 200
"""Orders at a time. On a slow machine more would be asked for again, all of them, before anything is answered."""
POSTGRES = "postgres"
VICTIMS = ("relay", "orders", POSTGRES, "participants", "timers", "payments")
ALL_WITHIN = 480.0
"""Seconds."""
WAITING_ORDERS = 50
ABSENCE = 120.0
"""Seconds for which a participant is away: less than a deadline."""
WORKERS = {
    "orders": "--consumers=order-service,order-fulfilment",
    "participants": "--consumers=inventory-service,identity-service",
    "payments": "--consumers=payment-service",
    "timers": "--runners=sagas",
}
GROUPS = ("order-service", "order-fulfilment", "inventory-service", "payment-service", "identity-service")
TOPICS = ("order", "fulfilment", "inventory", "stock", "payment", "notice", "user")
ORDER_ID = re.compile(r"order-\d{5}")
SUBJECTS = {True: "Your order has left the house", False: "Your order could not be fulfilled"}
STARTED = "SELECT count(*) FROM saga_state"
ENDED = "SELECT count(*) FROM saga_state WHERE completed_at IS NOT NULL OR failed_at IS NOT NULL"
OPEN = (
    "SELECT s.key, s.status, current_step, error_message, now() - s.updated_at, t.purpose, t.attempt, t.due_at - now() "
    "FROM saga_state s LEFT JOIN saga_timers t USING (saga_id) "
    "WHERE completed_at IS NULL AND failed_at IS NULL LIMIT 20"
)
MOVES = "SELECT count(*) FROM saga_transitions WHERE cause = 'event'"


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[MortalPostgres]:
    server = MortalPostgres(tmp_path, durable=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(postgres: MortalPostgres, django_db_blocker: Any) -> Iterator[None]:
    """What the test asks goes to the programs' database."""
    with django_db_blocker.unblock(), moved_to(postgres.address):
        yield


@pytest.fixture
def programs(
    tmp_path: Path,
    postgres: MortalPostgres,
    redis_url: str,
    kafka_brokers: str,
    prefix: str,
    smtp_server: SmtpServer,
    request: Any,
) -> Iterator[Production]:
    """A production set that runs, with the settings that the test's parameter names."""
    with production(
        tmp_path,
        DJANGO_SETTINGS_MODULE=request.param,
        DATABASE_URL=postgres.address,
        REDIS_URL=redis_url,
        KAFKA_BROKERS=kafka_brokers,
        KAFKA_TOPIC_PREFIX=prefix,
        NOVA_PAYMENT_DECLINE_ABOVE=str(APPROVED),
        **smtp_server.environment,
    ) as made:
        made.manage("migrate", "--noinput")
        made.manage("topics", "create")
        made.commands |= {name: worker_command(name, hosted) for name, hosted in WORKERS.items()}
        made.start("web")
        made.await_web()
        made.start("relay", *WORKERS)
        yield made


@pytest.fixture
def token(programs: Production, database: None) -> str:
    prepare()
    return create_token("clients", scopes=["commands:execute"])[0]


@pytest.mark.parametrize("programs", ["tests.support.lossy_orders.settings"], indirect=True)
def test_orders_end_as_they_must_while_everything_is_killed(
    programs: Production,
    postgres: MortalPostgres,
    token: str,
    kafka_brokers: str,
    prefix: str,
    smtp_server: SmtpServer,
) -> None:
    orders = planned(ORDERS)
    began = time.monotonic()
    gate = threading.Event()
    with ordering(programs, token, orders, interval=0.1, gate=gate) as placed:
        kills, revived = kill_until_all_have_ended(programs, postgres, placed, gate)
        assert [future.result() for future in placed] == [None] * ORDERS
    took = time.monotonic() - began
    # It was killed with the server.
    connection.close()
    eventually(lambda: not OutboxEvent.objects.pending().exists(), within=60)
    eventually(lambda: not untaken(), within=60)

    ends = dict(SagaState.objects.values_list("key", "status"))
    assert ends == {order.order_id: order.end for order in orders}
    assert_stock_and_money_add_up(orders)
    assert_each_happened_once()
    assert_each_customer_was_told_once(orders, smtp_server)
    assert not DeadLetter.objects.exists()
    assert not SagaTimer.objects.exists()
    assert_projections_are_right(programs)
    replies = [event_id for (event_id,) in rows(REPLIES)]
    lost = [event_id for event_id in replies if is_lost(event_id)]
    waited = SagaTransition.objects.filter(cause="timer").count()
    # About one of twenty was lost, and what was waited for in vain was asked for again.
    assert len(lost) > len(replies) / 40
    assert waited > ORDERS / 20
    published = [
        header(one, "event_id") for name in TOPICS for one in everything_on(kafka_brokers, f"{prefix}.{name}.events")
    ]
    assert set(published) == {str(event_id) for (event_id,) in rows("SELECT event_id FROM domain_events")}
    doubles = len(published) - len(set(published))
    print(
        f"{ORDERS} orders in {took:.0f} s: {ORDERS / took:.1f} a second, {SagaTransition.objects.count()} transitions, "
        f"{waited} of timers; killed {dict(kills)}, ended by themselves {dict(revived)}; lost {len(lost)} of "
        f"{len(replies)} replies; {len(set(published))} events, {doubles} published twice, "
        f"{len(smtp_server.received) - ORDERS} mails sent twice"
    )
    assert set(kills) == set(VICTIMS)


def assert_projections_are_right(programs: Production) -> None:
    """Fail where a projection that follows the whole log is not what the log says."""
    programs.commands["projections"] = worker_command("projections", "--runners=projections")
    programs.start("projections")
    end = int(scalar("SELECT max(position) FROM domain_events"))
    names = [one.name for one in registered_projections()]
    eventually(lambda: all(seen_position(name) >= end for name in names), within=120)
    verified = programs.manage("projections", "verify").splitlines()
    assert {f"{name} is what the log says." for name in names} <= set(verified)


def kill_until_all_have_ended(
    programs: Production, postgres: MortalPostgres, placed: Sequence[Future[None]], gate: threading.Event
) -> tuple[Counter[str], Counter[str]]:
    """Kill one after the other until all sagas have ended; how often each was killed, and how often it has ended by
    itself and was started again. The gate is closed to new orders while too many are open.
    """
    truth = Truth(postgres.address)
    kills: Counter[str] = Counter()
    revived: Counter[str] = Counter()
    victims = cycle(VICTIMS)
    give_up_at = time.monotonic() + ALL_WITHIN
    next_kill = KILL_EVERY
    while (ended := truth.number(ENDED)) < ORDERS:
        not_placed = [one.exception() for one in placed if one.done() and one.exception()]
        assert not not_placed
        (gate.set if truth.number(STARTED) - ended < MAX_OPEN else gate.clear)()
        assert time.monotonic() < give_up_at, f"{ended} have ended; killed: {kills}; open: {still_open()}"
        revived.update(programs.revive())
        if (moves := truth.number(MOVES)) >= next_kill:
            victim = next(victims)
            if victim == POSTGRES:
                postgres.kill()
                postgres.start()
            else:
                programs.crash(victim)
            kills[victim] += 1
            next_kill = moves + KILL_EVERY
        time.sleep(0.2)
    return kills, revived


def still_open() -> list[tuple[Any, ...]]:
    """Some of the instances that have not ended, and what they wait for."""
    # It was killed with the server.
    connection.close()
    return rows(OPEN)


REPLIES = (
    "SELECT event_id FROM domain_events WHERE causation_id IN "
    "(SELECT (one ->> 'event_id')::uuid FROM saga_transitions, jsonb_array_elements(requests) AS one) "
    "AND aggregate_type <> 'stock'"
)


def untaken() -> int:
    """Events that a group wants and has not taken in."""
    unseen = (
        "SELECT count(*) FROM domain_events e WHERE event_type = ANY(%s) "
        "AND NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = %s AND i.event_id = e.event_id)"
    )
    return sum(int(scalar(unseen, list(group_named(name).named_types), name)) for name in GROUPS)


def assert_each_happened_once() -> None:
    """Fail if goods or money moved twice for one order, or if a history has a gap."""
    moved_twice = (
        "SELECT aggregate_id, payload ->> 'order_id', event_type FROM domain_events WHERE event_type = ANY(%s) "
        "AND NOT coalesce((payload ->> 'repeated')::bool, false) GROUP BY 1, 2, 3 HAVING count(*) > 1"
    )
    assert rows(moved_twice, ["stock.reserved", "stock.released", "stock.sold", "payment.processed"]) == []
    gaps = (
        "SELECT s.key FROM saga_state s JOIN saga_transitions t USING (saga_id) "
        "GROUP BY s.key, s.version HAVING count(*) <> s.version OR max(t.number) <> s.version OR min(t.number) <> 1"
    )
    assert rows(gaps) == []


def assert_each_customer_was_told_once(orders: Sequence[PlannedOrder], server: SmtpServer) -> None:
    """Fail where there is not exactly one mail of an order's end; one that came again has the same Message-ID."""
    mails = {mail.message_id: mail for mail in server.received}.values()
    told = sorted((ORDER_ID.findall(mail.text)[0], mail.subject) for mail in mails)
    assert told == [(order.order_id, SUBJECTS[order.is_fulfilled]) for order in orders]


@pytest.mark.parametrize("programs", ["nova.settings.production"], indirect=True)
def test_a_participant_that_is_away_is_waited_for(programs: Production, token: str, smtp_server: SmtpServer) -> None:
    orders = [order for order in planned(2 * WAITING_ORDERS) if order.is_fulfilled][:WAITING_ORDERS]
    programs.stop("payments")
    with ordering(programs, token, orders) as placed:
        assert [future.result() for future in placed] == [None] * WAITING_ORDERS
    eventually(lambda: SagaState.objects.filter(current_step="charge").count() == WAITING_ORDERS, within=START_TIMEOUT)
    waiting = history()
    time.sleep(ABSENCE)

    # Nothing has happened meanwhile: nobody was asked again, nothing was taken back.
    assert history() == waiting
    assert set(SagaState.objects.values_list("status", "current_step")) == {("running", "charge")}
    back = time.monotonic()
    programs.start("payments")
    eventually(lambda: not SagaState.objects.exclude(status="completed").exists(), within=START_TIMEOUT)
    print(f"{WAITING_ORDERS} orders completed {time.monotonic() - back:.1f} s after the participant was started again")
    eventually(lambda: not OutboxEvent.objects.pending().exists())
    assert_stock_and_money_add_up(orders)
    assert_each_happened_once()
    assert_each_customer_was_told_once(orders, smtp_server)
    assert not SagaTransition.objects.filter(cause="timer").exists()
    assert not DeadLetter.objects.exists()


def history() -> list[tuple[Any, ...]]:
    return rows("SELECT saga_id, number, at, status FROM saga_transitions ORDER BY saga_id, number")
