"""The demonstration's day: it speaks in the services' own commands, and their rules accept every one of them."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from events.api import Issued, aggregates
from nova.demo.day import plan_day
from outbox.api import owner_of

DAWN = datetime(2025, 1, 15, 6, 30, tzinfo=UTC)


def test_every_command_is_accepted_and_brings_about_one_event() -> None:
    states: dict[tuple[str, str], Any] = {}
    outcomes: dict[str, list[str]] = defaultdict(list)

    for number, step in enumerate(plan_day("a day").steps):
        aggregate = aggregates.named(step.aggregate_type)
        command = msgspec.convert(step.fields, aggregate.command_type(step.command))
        about = (step.aggregate_type, step.aggregate_id)
        state = states.get(about, aggregate.initial)
        payloads = aggregate.decide(
            state,
            command,
            Issued(
                aggregate_id=step.aggregate_id,
                command_id=UUID(step.command_id),
                at=DAWN + timedelta(minutes=number),
                user_id=None,
            ),
        )
        for payload in payloads:
            state = aggregate.evolve(state, payload)
        states[about] = state
        outcomes[step.aggregate_type] += [type(payload).__name__ for payload in payloads]
        assert len(payloads) == 1, step

    assert set(outcomes) == {"user", "post", "comment", "follow", "like", "stock"}


def test_every_stream_belongs_to_a_service() -> None:
    written = {step.aggregate_type for step in plan_day("a day").steps}

    assert {kind: owner_of(kind) is not None for kind in written} == dict.fromkeys(written, True)


def test_a_day_of_one_name_is_always_the_same() -> None:
    assert plan_day("a day") == plan_day("a day")
    assert plan_day("a day") != plan_day("another day")


def test_no_command_has_the_id_of_another() -> None:
    ids = Counter(step.command_id for name in ("one", "two") for step in plan_day(name).steps)

    assert set(ids.values()) == {1}


def test_the_reader_misses_only_the_post_that_was_taken_back() -> None:
    day = plan_day("a day")

    followed = {step.fields["followed_id"] for step in day.steps if step.fields.get("follower_id") == day.reader}
    written = [
        step.aggregate_id for step in day.steps if step.command == "create" and step.fields.get("author_id") in followed
    ]
    assert [*day.feed, day.deleted] == written[::-1]
