"""Operations on dead letters: each is done once, in key order, and to the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from msgspec import structs

from events.api import Untyped
from outbox.api import (
    ConsumerGroup,
    DeadLetterEdit,
    DeadLetterFilter,
    DeadLetterNotOpen,
    InvalidEdit,
    OperationFinished,
    RequestIdConflict,
    archive_dead_letters,
    cancel_operation,
    discard_dead_letters,
    edit_and_retry,
    failure_groups,
    get_operation,
    register_groups,
    retry_dead_letters,
    start_operation,
    work_off_operations,
)
from outbox.consumers.control import decisions as flow
from outbox.consumers.control.decisions import Scope
from outbox.dead_letters.executor import BLOCKED_RETRY_DELAY, step
from outbox.dead_letters.store import original, store_dead_letter
from outbox.handling import handlers
from outbox.models import DeadLetter, DeadLetterOperation, InboxEntry, OperationItem
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group, message
from tests.support.outbox import eventually, url_of_test_database
from tests.support.sessions import become_a_reader

WHO: Any = {"actor": "operator", "reason": "the handler was mended"}
EVERYTHING = DeadLetterFilter()
FAST = 10_000.0


@pytest.fixture
def fussy() -> Fussy:
    return Fussy()


@pytest.fixture
def group(fussy: Fussy, monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    monkeypatch.setattr(handlers, "_groups", {})
    made = fussy_group(fussy)
    register_groups([made])
    return made


def statuses() -> list[str]:
    return list(DeadLetter.objects.order_by("id").values_list("status", flat=True))


def finished(operation: DeadLetterOperation) -> tuple[str, int, int, int, int]:
    work_off_operations(seconds=20)
    now = get_operation(operation.pk)
    return now.state, now.total, now.done, now.failed, now.skipped


def test_a_retried_dead_letter_is_handled_once(db: None, group: ConsumerGroup, fussy: Fussy) -> None:
    (dead_letter,) = dead_lettered(group, 1)
    fussy.content()

    operation = retry_dead_letters(dead_letter, **WHO)

    assert statuses() == ["retrying"]
    assert finished(operation) == ("done", 1, 1, 0, 0)
    assert (fussy.offsets, statuses()) == ([1], ["retried"])
    assert retry_dead_letters(dead_letter, **WHO).total == 0
    assert work_off_operations(seconds=1) == 0


def test_a_dead_letter_that_fails_again_is_open_again_with_the_new_reason(db: None, group: ConsumerGroup) -> None:
    (dead_letter,) = dead_lettered(group, 2)

    assert finished(retry_dead_letters(dead_letter, **WHO)) == ("done", 1, 0, 1, 0)

    found = DeadLetter.objects.get()
    assert (found.status, found.attempts, found.message) == ("open", 4, "not today: 2")


def test_a_discarded_dead_letter_is_handled_no_more(db: None, group: ConsumerGroup, fussy: Fussy) -> None:
    (dead_letter,) = dead_lettered(group, 1)
    fussy.content()

    operation = discard_dead_letters(dead_letter, **WHO)

    assert (operation.state, operation.done, statuses()) == ("done", 1, ["discarded"])
    assert retry_dead_letters(dead_letter, **WHO).total == 0
    assert fussy.offsets == []


def test_an_archived_dead_letter_is_left_out_and_can_still_be_retried(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    (dead_letter,) = dead_lettered(group, 1)
    fussy.content()

    archive_dead_letters(dead_letter, **WHO)

    assert DeadLetter.objects.get().archived_at is not None
    assert failure_groups() == []
    assert start_operation("retry", EVERYTHING, **WHO)[0].total == 0
    assert finished(retry_dead_letters(dead_letter, **WHO)) == ("done", 1, 1, 0, 0)
    assert DeadLetter.objects.get().archived_at is None


def test_dead_letters_of_one_key_are_retried_in_the_order_in_which_they_came(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    dead_lettered(group, 5, 3, 4, 1, 2)
    fussy.content()

    finished(start_operation("retry", EVERYTHING, rate=FAST, **WHO)[0])

    assert fussy.offsets == [1, 2, 3, 4, 5]


def test_a_dead_letter_that_fails_again_holds_back_the_later_ones_of_its_key_only(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    dead_lettered(group, 1, 2, 3)
    dead_lettered(group, 4, 5, key=b"other")
    dead_lettered(group, 6, 7, key=None)
    fussy.fails = lambda event: event.offset in {2, 6}

    assert finished(start_operation("retry", EVERYTHING, rate=FAST, **WHO)[0]) == ("done", 7, 4, 2, 1)

    assert fussy.offsets == [1, 4, 5, 7]
    assert statuses() == ["retried", "open", "open", "retried", "retried", "open", "retried"]
    assert OperationItem.objects.get(dead_letter__offset=3).state == "held"


@pytest.mark.slow
def test_a_dead_letter_that_fails_holds_back_more_dead_letters_than_a_statement_has_parameters(
    db: None, group: ConsumerGroup
) -> None:
    many = 66_000
    (first,) = dead_lettered(group, 1)
    operation = retry_dead_letters(first, **WHO)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dead_letters (consumer, event_id, event_type, topic, partition, "offset", key, headers, body,
                                      exception, message, frame, failure_group, attempts, status)
            SELECT consumer, gen_random_uuid(), event_type, topic, partition, n + 1, key, headers, body,
                   exception, message, frame, failure_group, attempts, status
            FROM dead_letters, generate_series(1, %s) AS n
            """,
            [many],
        )
        cursor.execute(
            """
            INSERT INTO dead_letter_operation_items (operation_id, letter_id, lane)
            SELECT operation_id, dead.id, lane FROM dead_letter_operation_items, dead_letters AS dead
            WHERE dead.id <> letter_id ORDER BY dead.offset
            """
        )
        cursor.execute("UPDATE dead_letter_operations SET total = total + %s", [many])

    assert finished(operation) == ("done", many + 1, 0, 1, many)

    assert set(statuses()) == {"open"}


def test_an_operation_waits_for_an_earlier_dead_letter_of_its_key_in_another_one(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    first, second = dead_lettered(group, 1, 2)
    fussy.content()
    later = retry_dead_letters(second, **WHO)
    earlier = retry_dead_letters(first, **WHO)

    assert step(later.pk) == BLOCKED_RETRY_DELAY
    assert step(earlier.pk) is None
    assert step(later.pk) is None

    assert fussy.offsets == [1, 2]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (DeadLetterFilter(consumer="fussy"), [1, 2, 3]),
        (DeadLetterFilter(consumer="other"), []),
        (DeadLetterFilter(event_type="y.happened"), [3]),
        (DeadLetterFilter(topic="t", exception="KeyError"), [2]),
        (DeadLetterFilter(text="NO ROOM"), [3]),
        (DeadLetterFilter(text="100%"), []),
        (DeadLetterFilter(since=datetime.now(UTC) + timedelta(hours=1)), []),
        (DeadLetterFilter(until=datetime.now(UTC) + timedelta(hours=1)), [1, 2, 3]),
        (DeadLetterFilter(archived=True), []),
    ],
)
def test_dead_letters_are_meant_by_filter(
    db: None, group: ConsumerGroup, fussy: Fussy, wanted: DeadLetterFilter, offsets: list[int]
) -> None:
    fussy.content()
    store_dead_letter(group, message(1), ValueError("no"), attempts=1)
    store_dead_letter(group, message(2), KeyError("no"), attempts=1)
    store_dead_letter(group, message(3, event_type="y.happened"), OSError("no room"), attempts=1)

    finished(start_operation("retry", wanted, rate=FAST, **WHO)[0])

    assert fussy.offsets == offsets


@pytest.mark.parametrize("verb", ["retry", "discard", "archive"])
def test_an_empty_selection_means_no_dead_letter(db: None, group: ConsumerGroup, verb: str) -> None:
    dead_lettered(group, 1, 2)

    operation, _ = start_operation(verb, DeadLetterFilter(ids=(), archived=None), **WHO)

    assert (operation.total, operation.state, statuses()) == (0, "done", ["open", "open"])
    assert not DeadLetter.objects.exclude(archived_at=None).exists()


def test_failure_groups_say_what_goes_wrong_and_are_operated_on_as_one(db: None, group: ConsumerGroup) -> None:
    newest = dead_lettered(group, 1, 2, 3)[-1]
    dead_lettered(group, 4, error=KeyError("x"))

    larger, smaller = failure_groups()

    assert (larger.count, larger.exception, larger.example) == (3, "ValueError", newest)
    assert (larger.consumers, larger.event_types, smaller.count) == (["fussy"], ["x.happened"], 1)
    assert failure_groups(limit=1, after=(larger.count, larger.failure_group)) == [smaller]
    start_operation("discard", DeadLetterFilter(failure_group=larger.failure_group), **WHO)
    assert failure_groups() == [smaller]


def test_an_edited_copy_is_handled_in_place_of_the_original_which_keeps_every_byte(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    (number,) = dead_lettered(group, 1)
    fussy.content()
    before = original(DeadLetter.objects.get())

    copy, operation = edit_and_retry(number, DeadLetterEdit(body='{"n": 2}', event_type="y.happened"), **WHO)
    finished(operation)

    dead_letter = DeadLetter.objects.get(pk=number)
    assert (original(dead_letter), dead_letter.status, dead_letter.edited_copy) == (before, "replaced", copy)
    assert copy.edited_from == dead_letter
    (event,) = fussy.handled
    assert (event.event_id, event.event_type) == (copy.event_id, "y.happened")
    assert isinstance(event.payload, Untyped)
    assert event.payload.data == {"n": 2}
    assert copy.event_id != dead_letter.event_id
    assert ["original_event_id", str(dead_letter.event_id)] in copy.headers
    assert InboxEntry.objects.filter(consumer="fussy", event_id=copy.event_id).exists()
    with pytest.raises(DeadLetterNotOpen):
        edit_and_retry(number, DeadLetterEdit(body="{}"), **WHO)


@pytest.mark.parametrize(
    "edit",
    [
        DeadLetterEdit(body="{"),
        DeadLetterEdit(body="[1]"),
        DeadLetterEdit(body='{"a": 1, "a": 2}'),
        DeadLetterEdit(body='"\ud800"'),
        DeadLetterEdit(body='{"a": "' + "x" * 1_000_000 + '"}'),
        DeadLetterEdit(body='{"follower_id": 1}', event_type="user.followed"),
    ],
)
def test_an_edit_that_no_handler_could_be_given_is_refused(
    db: None, group: ConsumerGroup, edit: DeadLetterEdit
) -> None:
    (number,) = dead_lettered(group, 1)

    with pytest.raises(InvalidEdit) as refused:
        edit_and_retry(number, edit, **WHO)

    assert refused.value.pointer == "/body"
    assert (DeadLetter.objects.count(), statuses()) == (1, ["open"])


def test_retries_keep_to_the_rate_that_was_asked_for(db: None, group: ConsumerGroup, fussy: Fussy) -> None:
    dead_lettered(group, *range(10))
    fussy.content()
    began = time.monotonic()

    finished(start_operation("retry", EVERYTHING, rate=20.0, **WHO)[0])

    assert time.monotonic() - began >= 9 / 20
    assert fussy.offsets == list(range(10))


def test_a_cancelled_operation_gives_back_what_it_has_not_done(db: None, group: ConsumerGroup, fussy: Fussy) -> None:
    dead_lettered(group, 1, 2, 3)
    fussy.content()
    operation, _ = start_operation("retry", EVERYTHING, rate=FAST, **WHO)
    step(operation.pk)

    cancelled = cancel_operation(operation.pk, **WHO)

    assert (cancelled.state, cancelled.done, statuses()) == ("cancelled", 1, ["retried", "open", "open"])
    assert (cancelled.cancelled_by, cancelled.cancel_reason) == (WHO["actor"], WHO["reason"])
    assert work_off_operations(seconds=1) == 0
    with pytest.raises(OperationFinished):
        cancel_operation(operation.pk, **WHO)


def test_a_server_that_is_away_costs_no_attempt(
    db: None, group: ConsumerGroup, fussy: Fussy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dead_letter,) = dead_lettered(group, 1)

    def away(_: Any) -> bool:
        raise OperationalError

    fussy.fails = away
    operation = retry_dead_letters(dead_letter, **WHO)

    assert work_off_operations(seconds=1) == 0
    assert (statuses(), DeadLetter.objects.get().attempts) == (["retrying"], 3)
    fussy.content()
    assert finished(operation) == ("done", 1, 1, 0, 0)


def test_a_session_that_only_reads_is_replaced_by_another(
    committed_db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    (dead_letter,) = dead_lettered(group, 1)
    fussy.content()
    operation = retry_dead_letters(dead_letter, **WHO)
    become_a_reader(connection)

    assert finished(operation) == ("done", 1, 1, 0, 0)
    assert statuses() == ["retried"]


def test_an_operation_that_waits_for_a_server_does_not_hold_up_the_others(
    db: None, group: ConsumerGroup, fussy: Fussy
) -> None:
    (stuck,), (fine,) = dead_lettered(group, 1), dead_lettered(group, 2, key=b"other")

    def away_for_one(event: Any) -> bool:
        if event.offset == 1:
            raise OperationalError
        return False

    fussy.fails = away_for_one
    waiting, going = retry_dead_letters(stuck, **WHO), retry_dead_letters(fine, **WHO)

    assert work_off_operations(seconds=0.5) == 1
    assert (get_operation(waiting.pk).state, get_operation(going.pk).state) == ("queued", "done")
    assert fussy.offsets == [2]


@pytest.mark.parametrize(
    "decide",
    [
        lambda: flow.drain("fussy", actor="operator"),
        lambda: flow.pause(Scope(consumer="fussy"), actor="operator"),
        lambda: flow.pause(Scope(consumer="fussy", topic="t"), actor="operator"),
        lambda: flow.pause(Scope(consumer="fussy", topic="t", partition=0), actor="operator"),
    ],
    ids=["group drained", "group paused", "topic paused", "partition paused"],
)
def test_what_is_paused_or_drained_is_not_retried_before_it_goes_on(
    db: None, redis_url: str, group: ConsumerGroup, fussy: Fussy, decide: Callable[[], None]
) -> None:
    dead_lettered(group, 1)
    fussy.content()
    operation, _ = start_operation("retry", EVERYTHING, **WHO)
    decide()

    assert (step(operation.pk), fussy.offsets, statuses()) == (BLOCKED_RETRY_DELAY, [], ["retrying"])

    flow.resume(Scope(consumer="fussy"), actor="operator")
    assert finished(operation) == ("done", 1, 1, 0, 0)


def test_what_is_not_paused_is_retried_meanwhile(db: None, redis_url: str, group: ConsumerGroup, fussy: Fussy) -> None:
    dead_lettered(group, 1)
    store_dead_letter(group, structs.replace(message(2), partition=1), ValueError("no"), attempts=1)
    fussy.content()
    for scope in (
        Scope(consumer="other"),
        Scope(consumer="fussy", topic="u"),
        Scope(consumer="fussy", topic="t", partition=0),
    ):
        flow.pause(scope, actor="operator")
    operation, _ = start_operation("retry", EVERYTHING, rate=FAST, **WHO)

    step(operation.pk)

    assert (fussy.offsets, step(operation.pk)) == ([2], BLOCKED_RETRY_DELAY)


def test_a_large_discard_is_done_by_a_worker_and_counts_what_has_changed_meanwhile(
    db: None, group: ConsumerGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.dead_letters.operations.BATCH", 2)
    monkeypatch.setattr("outbox.dead_letters.executor.BATCH", 2)
    numbers = dead_lettered(group, 1, 2, 3, 4, 5)
    operation, _ = start_operation("discard", EVERYTHING, **WHO)
    assert operation.state == "queued"
    retry_dead_letters(numbers[4], **WHO)

    step(operation.pk)
    step(operation.pk)
    step(operation.pk)

    found = get_operation(operation.pk)
    assert (found.state, found.done, found.skipped) == ("done", 4, 1)
    assert statuses() == ["discarded"] * 4 + ["retrying"]


def test_a_repeated_request_gets_the_same_operation_and_another_one_is_refused(db: None, group: ConsumerGroup) -> None:
    (dead_letter,) = dead_lettered(group, 1)
    request_id, wanted = uuid4(), DeadLetterFilter(ids=(dead_letter,), since=datetime(2025, 1, 15, tzinfo=UTC))
    first, replayed = start_operation("discard", wanted, request_id=request_id, **WHO)
    assert not replayed

    again, replayed = start_operation("discard", wanted, request_id=request_id, **WHO)

    assert (again, replayed) == (first, True)
    with pytest.raises(RequestIdConflict):
        start_operation("archive", EVERYTHING, request_id=request_id, **WHO)


def test_two_workers_share_operations_without_doing_anything_twice(
    committed_db: None, redis_url: str, group: ConsumerGroup, fussy: Fussy
) -> None:
    dead_lettered(group, *range(60))
    fussy.content()
    start_operation("retry", DeadLetterFilter(), rate=FAST, **WHO)

    def work() -> None:
        work_off_operations(seconds=20)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert fussy.offsets == list(range(60))
    assert set(statuses()) == {"retried"}


WORKER = """
import os, sys, django
django.setup()
from outbox.api import register_groups, work_off_operations
from outbox.models import InboxEntry
from tests.support.dead_letters import Fussy, fussy_group
from uuid import UUID

class Slow(Fussy):
    def handle(self, event):
        # An effect in the handler's transaction, which a second one would collide with.
        InboxEntry.objects.create(consumer="effect", event_id=UUID(int=event.offset))

register_groups([fussy_group(Slow())])
print("ready", flush=True)
work_off_operations(seconds=60)
"""


@pytest.mark.slow
def test_an_operation_goes_on_after_kill_9_of_its_worker_and_every_effect_is_there_once(
    committed_db: None, redis_url: str, group: ConsumerGroup, fussy: Fussy
) -> None:
    dead_lettered(group, *range(120))
    operation, _ = start_operation("retry", DeadLetterFilter(), rate=150.0, **WHO)
    environment = os.environ | {
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "nova.settings.test",
    }
    kills = 0
    for threshold in (20, 60):
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE)
        try:
            eventually(lambda least=threshold: get_operation(operation.pk).done >= least)  # type: ignore[misc]
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
        kills += 1
        assert get_operation(operation.pk).is_live
    last = subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE)
    last.communicate(timeout=60)

    found = get_operation(operation.pk)
    assert (kills, found.state, found.done, found.failed, found.skipped) == (2, "done", 120, 0, 0)
    assert InboxEntry.objects.filter(consumer="effect").count() == 120
    assert set(statuses()) == {"retried"}
