"""Arguments at the edge: no function of the outbox sends what the database refuses; each names what is wrong."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from outbox import api
from outbox.api import ConsumerGroup, DeadLetterEdit, DeadLetterFilter, OutboxError

pytestmark = pytest.mark.django_db

TOO_LARGE = 2**63
WHO = {"actor": "ann", "reason": "a test"}
NUL, HALF = "a\0", "a\ud800"
NAIVE = datetime(2025, 1, 15, 10, 30)  # noqa: DTZ001 - what is refused
EDIT = DeadLetterEdit(body="{}")


def refused(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """What the call is refused with, after which the caller's transaction can go on."""
    with transaction.atomic():
        with pytest.raises(OutboxError) as error:
            function(*arguments, **options)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return str(error.value)


@pytest.mark.parametrize("limit", [-1, TOO_LARGE - 1, TOO_LARGE, 2**70, "1"])
def test_a_backlog_is_counted_as_far_as_one_can_count(limit):
    assert "limit" in refused(api.backlog, limit)


@pytest.mark.parametrize("limit", [0, -1, TOO_LARGE, 2**70, "1"])
def test_a_page_of_failure_groups_has_one_or_more(limit):
    assert "limit" in refused(api.failure_groups, limit=limit)


@pytest.mark.parametrize("after", [(-1, "a"), (TOO_LARGE, "a"), (1, NUL), (1, HALF)])
def test_a_page_of_failure_groups_begins_at_a_place(after):
    assert "after" in refused(api.failure_groups, after=after)


@pytest.mark.parametrize("number", [0, -1, TOO_LARGE, 2**70])
@pytest.mark.parametrize("verb", [api.retry_dead_letters, api.discard_dead_letters, api.archive_dead_letters])
def test_a_dead_letter_has_a_number(verb, number):
    assert "ids" in refused(verb, 1, number, **WHO)


@pytest.mark.parametrize("number", [-1, TOO_LARGE, 2**70])
@pytest.mark.parametrize("verb", [api.retry_outbox_rows, api.discard_outbox_rows])
def test_an_outbox_row_has_a_number(verb, number):
    assert "ids" in refused(verb, [1, number, 2], **WHO)


@pytest.mark.parametrize("rate", [0, -1, 1e9, float("nan"), "1"])
def test_a_rate_lies_within_bounds(rate):
    assert "rate" in refused(api.retry_dead_letters, 1, rate=rate, **WHO)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("consumer", text) for text in (NUL, HALF, "a" * 256, "")),
        *(("text", NUL), ("topic", HALF), ("status", "lost"), ("since", NAIVE), ("ids", (TOO_LARGE,))),
    ],
)
def test_a_filter_says_what_dead_letters_can_be(field, value):
    selection = DeadLetterFilter(**{field: value})
    assert field in refused(api.start_operation, "discard", selection, **WHO)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("actor", text) for text in (NUL, HALF, "a" * 256)),
        *(("reason", text) for text in (NUL, HALF, "a" * 501)),
    ],
)
@pytest.mark.parametrize(
    ("function", "arguments", "options"),
    [
        (api.start_operation, ("discard", DeadLetterFilter()), {}),
        (api.cancel_operation, (1,), {}),
        (api.edit_and_retry, (1, EDIT), {}),
        (api.retry_outbox_rows, ([1],), {}),
        (api.discard_outbox_rows, ([1],), {}),
        (api.reroute_outbox_row, (1,), {"topic": "other"}),
    ],
)
def test_it_can_be_kept_who_decides_and_why(function, arguments, options, field, text):
    assert field in refused(function, *arguments, **options, **(WHO | {field: text}))


@pytest.mark.parametrize("key", ["", NUL, HALF, "a" * 1_001, "\U0001f4a9" * 501])
def test_a_key_is_one_that_an_index_takes(key):
    assert refused(api.reroute_outbox_row, 1, partition_key=key, **WHO).startswith("must have")


def test_other_things_that_cannot_be_are_refused():
    assert "verb" in refused(api.start_operation, "sing", DeadLetterFilter(), **WHO)
    assert "request_id" in refused(api.start_operation, "retry", DeadLetterFilter(), request_id="abc", **WHO)
    assert "event_ids" in refused(api.deliveries, ["abc"])
    assert "schema_version" in refused(api.edit_and_retry, 1, DeadLetterEdit(body="{}", schema_version=-1), **WHO)
    assert "event_type" in refused(api.edit_and_retry, 1, DeadLetterEdit(body="{}", event_type=NUL), **WHO)
    assert "name" in refused(ConsumerGroup, name="a" * 101)
    assert refused(api.get_operation, 2**70)
    assert refused(api.edit_and_retry, 2**70, EDIT, **WHO)
    assert refused(api.reroute_outbox_row, 2**70, topic="other", **WHO)


def test_what_lies_just_within_is_taken():
    assert api.backlog(0).pending == 0
    assert api.deliveries([]) == {}
    assert api.failure_groups(limit=TOO_LARGE - 1) == []
    assert api.retry_outbox_rows([], **WHO) == 0
    assert api.discard_dead_letters(**WHO).total == 0
