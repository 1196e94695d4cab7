"""Blocking keys: a key behind a dead letter keeps its order, whatever is retried and whatever comes meanwhile."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from outbox.api import (
    ConsumerGroup,
    DeadLetterFilter,
    get_operation,
    register_groups,
    retry_dead_letters,
    start_operation,
    work_off_operations,
)
from outbox.consumers.processor import Processor
from outbox.dead_letters.blocking import keys_to_park
from outbox.dead_letters.executor import step
from outbox.dead_letters.store import store_dead_letter
from outbox.exceptions import KeyBlocked
from outbox.handling import handlers
from outbox.models import DeadLetter, DeadLetterOperation, OperationItem
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group, message

WHO: Any = {"actor": "operator", "reason": "the handler was mended", "rate": 10_000.0}
PARKED = KeyBlocked("t", b"k")
BEHIND = DeadLetterFilter(exception="outbox.exceptions.KeyBlocked")


@pytest.fixture
def fussy() -> Fussy:
    fussy = Fussy()
    fussy.content()
    return fussy


@pytest.fixture
def group(fussy: Fussy, settings: Any, monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    monkeypatch.setattr(handlers, "_groups", {})
    settings.NOVA_BLOCKING_TOPICS = ("t",)
    made = fussy_group(fussy)
    register_groups([made])
    return made


@pytest.fixture
def effect(group: ConsumerGroup) -> Processor:
    """What the group's consumer does with a message."""
    return Processor(group, blocking=("t",))


def found() -> dict[int, str]:
    return dict(DeadLetter.objects.order_by("offset").values_list("offset", "status"))


def finished(operation: DeadLetterOperation) -> tuple[str, int, int, int, int]:
    work_off_operations(seconds=20)
    now = get_operation(operation.pk)
    return now.state, now.total, now.done, now.failed, now.skipped


def test_what_is_parked_is_not_handled_before_the_dead_letter_that_it_stands_behind(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    dead_lettered(group, 1)
    dead_lettered(group, 2, 3, error=PARKED)
    dead_lettered(group, 4, key=b"other", error=PARKED)

    operation, _ = start_operation("retry", BEHIND, **WHO)

    assert finished(operation) == ("done", 3, 1, 0, 2)
    assert fussy.offsets == [4]
    assert found() == {1: "open", 2: "open", 3: "open", 4: "retried"}
    assert set(OperationItem.objects.filter(dead_letter__offset__lt=4).values_list("state", flat=True)) == {"held"}


def test_a_retry_of_the_first_dead_letter_goes_on_with_what_is_parked_behind_it(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    (first,) = dead_lettered(group, 1)
    dead_lettered(group, 2, 3, error=PARKED)
    dead_lettered(group, 4, key=b"other")

    assert finished(retry_dead_letters(first, **WHO)) == ("done", 3, 3, 0, 0)

    assert fussy.offsets == [1, 2, 3]
    assert found() == {1: "retried", 2: "retried", 3: "retried", 4: "open"}


def test_what_is_parked_between_two_dead_letters_is_retried_between_them(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    first, _, third = dead_lettered(group, 1, 2, 3)

    assert finished(retry_dead_letters(first, third, **WHO)) == ("done", 3, 3, 0, 0)

    assert fussy.offsets == [1, 2, 3]


def test_a_parked_dead_letter_that_fails_holds_back_those_behind_it(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    first, _, third = dead_lettered(group, 1, 2, 3)
    dead_lettered(group, 4, error=PARKED)
    fussy.fails = lambda event: event.offset == 2

    assert finished(retry_dead_letters(first, third, **WHO)) == ("done", 4, 1, 1, 2)

    assert fussy.offsets == [1]
    assert found() == {1: "retried", 2: "open", 3: "open", 4: "open"}


def test_where_nothing_blocks_a_retry_means_just_the_dead_letters_that_were_asked_for(
    db: None, group: ConsumerGroup, fussy: Fussy, settings: Any
) -> None:
    settings.NOVA_BLOCKING_TOPICS = ("u",)
    _, second, _ = dead_lettered(group, 1, 2, 3)

    assert finished(retry_dead_letters(second, **WHO)) == ("done", 1, 1, 0, 0)

    assert found() == {1: "open", 2: "retried", 3: "open"}


def test_a_busy_key_is_free_when_the_operation_ends(
    db: None, group: ConsumerGroup, effect: Processor, fussy: Fussy
) -> None:
    (first,) = dead_lettered(group, 1)
    operation = retry_dead_letters(first, **WHO)
    effect.take([message(2)])
    step(operation.pk)
    effect.take([message(3), message(4)])

    assert finished(operation) == ("done", 4, 4, 0, 0)

    effect.take([message(5)])
    assert fussy.offsets == [1, 2, 3, 4, 5]
    assert set(found().values()) == {"retried"}


def test_a_message_that_is_being_parked_while_the_last_dead_letter_is_retried_is_not_left_behind(
    committed_db: None, redis_url: str, group: ConsumerGroup, fussy: Fussy
) -> None:
    (first,) = dead_lettered(group, 1)
    operation = retry_dead_letters(first, **WHO)
    decided, handling = threading.Event(), threading.Event()

    def park() -> None:
        with transaction.atomic():
            assert keys_to_park(group.name, [message(2)]) == {b"k"}
            decided.set()
            assert handling.wait(20)
            store_dead_letter(group, message(2), PARKED, attempts=0)
        connection.close()

    def handled_meanwhile(_: Any) -> bool:
        handling.set()
        return False

    fussy.fails = handled_meanwhile
    parking = threading.Thread(target=park)
    parking.start()
    assert decided.wait(20)

    outcome = finished(operation)
    parking.join(20)

    assert outcome == ("done", 2, 2, 0, 0)
    assert found() == {1: "retried", 2: "retried"}


def test_a_message_that_comes_when_the_last_dead_letter_has_just_been_retried_is_handled(
    db: None, group: ConsumerGroup, effect: Processor, fussy: Fussy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = dead_lettered(group, 1)
    operation = retry_dead_letters(first, **WHO)

    def retry_just_before(key_orders: Any) -> None:
        assert finished(operation) == ("done", 1, 1, 0, 0)

    monkeypatch.setattr("outbox.dead_letters.blocking.share_key_orders", retry_just_before)

    effect.take([message(2)])

    assert fussy.offsets == [1, 2]
    assert found() == {1: "retried"}
