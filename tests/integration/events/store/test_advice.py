"""Advice: what statistics say is said in words, and nothing is said of what is well."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from events.api import append_events
from events.store.advice import (
    LARGE_BYTES,
    Growth,
    IndexFacts,
    Kind,
    TableFacts,
    duplicates,
    of_index,
    of_table,
    partitions_to_come,
    store_advice,
)
from tests.support.events import new_event, new_stream


def index(**changes: object) -> IndexFacts:
    facts = {"table": "t", "name": "i", "is_valid": True, "is_constraint": False, "scans": 5}
    facts |= {"definition": "CREATE INDEX i ON t USING btree (a)", "bytes": 10, "needed_bytes": 10}
    return IndexFacts(**(facts | changes))  # type: ignore[arg-type]


def table(**changes: object) -> TableFacts:
    facts = {"name": "t", "live": 1_000_000, "dead": 0, "bytes": 1, "sequential_scans": 0, "rows_read_sequentially": 0}
    return TableFacts(**(facts | {"last_vacuum": None, "is_partitioned": False} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (index(), []),
        (index(is_valid=False), [Kind.INVALID_INDEX]),
        (index(scans=0, bytes=LARGE_BYTES, needed_bytes=LARGE_BYTES), [Kind.UNUSED_INDEX]),
        (index(scans=0, bytes=LARGE_BYTES, needed_bytes=LARGE_BYTES, is_constraint=True), []),
        (index(bytes=3 * LARGE_BYTES, needed_bytes=LARGE_BYTES), [Kind.BLOATED_INDEX]),
    ],
)
def test_an_index_is_judged_by_its_use_and_size(facts: IndexFacts, kinds: list[Kind]) -> None:
    assert [found.kind for found in of_index(facts)] == kinds


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (table(), []),
        (table(dead=50_000), []),
        (table(dead=200_000), [Kind.DEAD_TUPLES]),
        (table(live=100, dead=900), []),
        (table(sequential_scans=200, rows_read_sequentially=200_000_000), [Kind.SEQUENTIAL_READS]),
    ],
)
def test_a_table_is_judged_by_its_dead_rows_and_how_it_is_read(facts: TableFacts, kinds: list[Kind]) -> None:
    assert [found.kind for found in of_table(facts)] == kinds


def test_of_two_indexes_that_say_the_same_one_can_go() -> None:
    (found,) = duplicates({"j"}, [index(), index(name="j", definition="CREATE INDEX j ON t USING btree (a)")])
    assert (found.subject, found.advice) == ("i", "DROP INDEX CONCURRENTLY i")


def test_partitions_are_announced_within_a_year() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert partitions_to_come(Growth(1_000, 10.0), now=now) == []
    (soon,) = partitions_to_come(Growth(90_000_000, 1_000_000.0), now=now)
    assert "about 2026-01-11" in soon.advice
    (due,) = partitions_to_come(Growth(120_000_000, 0.0), now=now)
    assert "now; the next partitions begin at 200 000 000, 300 000 000" in due.advice


@pytest.mark.django_db
def test_a_missing_index_is_named_and_a_complete_database_has_none() -> None:
    append_events(new_stream(), 0, [new_event() for _ in range(5)])
    assert [found for found in store_advice() if found.kind in {Kind.MISSING_INDEX, Kind.DUPLICATE_INDEX}] == []
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_events_causation")
        cursor.execute("CREATE INDEX again ON domain_events (event_type, position)")
    found = {advice.subject: advice.kind for advice in store_advice()}
    assert (found["idx_events_causation"], found["again"]) == (Kind.MISSING_INDEX, Kind.DUPLICATE_INDEX)

    out = StringIO()
    call_command("store_advice", stdout=out)
    assert "idx_events_causation (missing-index): domain_events should have this index and has not." in out.getvalue()
    out = StringIO()
    call_command("store_advice", "--json", stdout=out)
    assert "idx_events_causation" in {item["subject"] for item in json.loads(out.getvalue())}
