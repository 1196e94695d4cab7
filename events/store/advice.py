"""Advice on tables: what PostgreSQL's own statistics would have an operator do about the tables of Nova.

It has more than 200 lines because each piece of advice stands beside the rule that gives it.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.apps import apps
from msgspec import Struct

from events.sql.statements import statement
from events.store.connection import live_cursor

# Below these sizes nothing is worth an advice.
MANY_ROWS = 10_000
LARGE_BYTES = 10 * 1024 * 1024
# An index twice as large as its entries need.
BLOATED = 2.0
# A table with a tenth of dead rows; autovacuum comes at a fifth.
DEAD = 0.1
# So many events in one table are the reason to divide it by position.
PARTITION_ROWS = 100_000_000
HORIZON = timedelta(days=365)


class Kind(StrEnum):
    """What an advice is about."""

    MISSING_INDEX = "missing-index"
    INVALID_INDEX = "invalid-index"
    SEQUENTIAL_READS = "sequential-reads"
    UNUSED_INDEX = "unused-index"
    DUPLICATE_INDEX = "duplicate-index"
    BLOATED_INDEX = "bloated-index"
    DEAD_TUPLES = "dead-tuples"
    PARTITIONS = "partitions"


class Advice(Struct, frozen=True, kw_only=True):
    """One thing to do."""

    kind: Kind
    subject: str
    """The table or index."""
    finding: str
    """What the statistics say."""
    advice: str
    """What to do about it; SQL where that says it best."""


class IndexFacts(Struct, frozen=True):
    """An index as `index_facts.sql` sees it."""

    table: str
    name: str
    is_valid: bool
    is_constraint: bool
    definition: str
    scans: int
    bytes: int
    needed_bytes: int


class TableFacts(Struct, frozen=True):
    """A table as `table_facts.sql` sees it."""

    name: str
    live: int
    dead: int
    bytes: int
    sequential_scans: int
    rows_read_sequentially: int
    last_vacuum: datetime | None
    is_partitioned: bool


class Growth(Struct, frozen=True):
    """How the log has grown, as `growth_facts.sql` sees it."""

    rows: int
    per_day: float


def store_advice(*, using: str = "default") -> list[Advice]:
    """What is to be done, the most pressing first. Statistics are as old as the last ANALYZE and the last reset."""
    declared = _declared()
    tables = sorted({model._meta.db_table for model in apps.get_models()})  # noqa: SLF001 - Django's documented API
    with live_cursor(using) as cursor:
        indexes = [IndexFacts(*row) for row in cursor.execute(statement("index_facts"), {"tables": tables}).fetchall()]
        facts = [TableFacts(*row) for row in cursor.execute(statement("table_facts"), {"tables": tables}).fetchall()]
        growth = Growth(*(cursor.execute(statement("growth_facts")).fetchone() or (0, 0.0)))
    return [
        *missing(declared, indexes),
        *(found for index in indexes for found in of_index(index)),
        *duplicates(declared, indexes),
        *(found for table in facts for found in of_table(table)),
        *partitions_to_come(growth, now=datetime.now(UTC)),
    ]


def missing(declared: dict[str, str], indexes: list[IndexFacts]) -> list[Advice]:
    """Indexes that the models declare and the database lacks; `declared` is tables by the names of their indexes."""
    present = {index.name for index in indexes}
    return [
        Advice(
            kind=Kind.MISSING_INDEX,
            subject=name,
            finding=f"{table} should have this index and has not",
            advice="manage.py migrate; if it was dropped by hand, create it again as the migration does",
        )
        for name, table in sorted(declared.items())
        if name not in present
    ]


def of_index(index: IndexFacts) -> list[Advice]:
    """What one index needs."""
    found = []
    if not index.is_valid:
        found.append(
            Advice(
                kind=Kind.INVALID_INDEX,
                subject=index.name,
                finding=f"a concurrent build on {index.table} did not finish; the index serves nothing",
                advice=f"REINDEX INDEX CONCURRENTLY {index.name}",
            )
        )
    if index.is_valid and not index.is_constraint and not index.scans and index.bytes >= LARGE_BYTES:
        found.append(
            Advice(
                kind=Kind.UNUSED_INDEX,
                subject=index.name,
                finding=f"{megabytes(index.bytes)} on {index.table}, never used since statistics were reset",
                advice="if replicas do not use it either: remove it from the model, or watch it a while longer",
            )
        )
    wasted = index.bytes - index.needed_bytes
    if wasted >= LARGE_BYTES and index.bytes >= BLOATED * index.needed_bytes > 0:
        found.append(
            Advice(
                kind=Kind.BLOATED_INDEX,
                subject=index.name,
                finding=f"{megabytes(index.bytes)}, of which about {megabytes(wasted)} are empty",
                advice=f"REINDEX INDEX CONCURRENTLY {index.name}",
            )
        )
    return found


def duplicates(declared: Collection[str], indexes: list[IndexFacts]) -> list[Advice]:
    """Indexes that say the same as another one of their table; those that the models declare stay."""
    found, first = [], dict[tuple[str, str], IndexFacts]()
    for index in sorted(indexes, key=lambda index: (not index.is_constraint, index.name not in declared, index.name)):
        same = first.setdefault((index.table, index.definition.partition(" USING ")[2]), index)
        if same is not index and not index.is_constraint:
            found.append(
                Advice(
                    kind=Kind.DUPLICATE_INDEX,
                    subject=index.name,
                    finding=f"the same as {same.name} of {index.table}",
                    advice=f"DROP INDEX CONCURRENTLY {index.name}",
                )
            )
    return found


def of_table(table: TableFacts) -> list[Advice]:
    """What one table needs."""
    found = []
    if table.dead >= MANY_ROWS and table.dead > DEAD * table.live:
        vacuumed = f"last vacuumed {table.last_vacuum:%Y-%m-%d %H:%M} UTC" if table.last_vacuum else "never vacuumed"
        found.append(
            Advice(
                kind=Kind.DEAD_TUPLES,
                subject=table.name,
                finding=f"{table.dead} dead rows beside {table.live} live ones, {vacuumed}",
                advice=f"VACUUM (ANALYZE) {table.name}; if they come back, look for transactions that stay open",
            )
        )
    read = table.rows_read_sequentially / table.sequential_scans if table.sequential_scans else 0
    if table.sequential_scans >= 100 and read >= MANY_ROWS and table.live >= MANY_ROWS:
        found.append(
            Advice(
                kind=Kind.SEQUENTIAL_READS,
                subject=table.name,
                finding=f"read from end to end {table.sequential_scans} times, {read:.0f} rows each on average",
                advice="some query lacks an index: find it in pg_stat_statements by its rows per call",
            )
        )
    return found


def partitions_to_come(growth: Growth, *, now: datetime) -> list[Advice]:
    """When the log will be long enough to be divided by position."""
    if growth.rows < PARTITION_ROWS:
        days = (PARTITION_ROWS - growth.rows) / growth.per_day if growth.per_day > 0 else None
        if days is None or days > HORIZON.days:
            return []
        when = f"about {now + timedelta(days=days):%Y-%m-%d}"
    else:
        when = "now"
    finding = f"{growth.rows} events, {growth.per_day:.0f} more a day over the last week"
    ranges = range(1, 4)
    bounds = ", ".join(f"{(growth.rows // PARTITION_ROWS + n) * PARTITION_ROWS:_}".replace("_", " ") for n in ranges)
    return [
        Advice(
            kind=Kind.PARTITIONS,
            subject="domain_events",
            finding=finding,
            advice=f"divide the table by ranges of position {when}; the next partitions begin at {bounds}",
        )
    ]


def megabytes(count: int) -> str:
    """A number of bytes for reading."""
    return f"{count / 1024 / 1024:.1f} MB"


def _declared() -> dict[str, str]:
    declared: dict[str, str] = {}
    for model in apps.get_models():
        options: Any = model._meta  # noqa: SLF001 - Django's documented API
        if not options.managed or options.proxy:
            continue
        declared |= {index.name: options.db_table for index in options.indexes}
        declared |= {c.name: options.db_table for c in options.constraints if hasattr(c, "nulls_distinct")}
    return declared
