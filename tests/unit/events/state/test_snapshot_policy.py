"""Snapshot policy: when a snapshot is due, how long is waited after a conflict, and what a difference names."""

import pytest

from events.aggregates.difference import FieldDifference, differences
from events.state.snapshots import SnapshotPolicy
from kit.pacing.retry import RetryPolicy
from nova.services.orders.aggregates import Line, Order


@pytest.mark.parametrize(
    ("folded", "seconds", "due"),
    [(99, 0.001, False), (100, 0.001, True), (9, 1.0, False), (10, 0.02, True), (10, 0.019, False), (0, 0.0, False)],
)
def test_a_snapshot_is_due_by_count_or_by_time(folded: int, seconds: float, due: bool) -> None:
    assert SnapshotPolicy().is_due(folded=folded, load_seconds=seconds) is due


def test_the_wait_doubles_up_to_a_cap_and_has_full_jitter() -> None:
    backoff = RetryPolicy(limit=0, base=1.0, cap=5.0)
    assert [backoff.delay(failures, chance=1.0) for failures in (1, 2, 3, 4, 99)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert backoff.delay(3, chance=0.0) == 0.0


def test_a_difference_names_fields_however_deep() -> None:
    before = Order(status="open", lines={"tea/green": Line(1, 5), "cup": Line(1, 9)}, price=14)
    after = Order(status="open", lines={"tea/green": Line(2, 5), "pot": Line(1, 3)})
    assert differences(before, before) == []
    assert differences(before, after) == [
        FieldDifference(pointer="/lines/cup", change="removed", old={"quantity": 1, "unit_price": 9}),
        FieldDifference(pointer="/lines/pot", change="added", new={"quantity": 1, "unit_price": 3}),
        FieldDifference(pointer="/lines/tea~1green/quantity", change="changed", old=1, new=2),
        FieldDifference(pointer="/price", change="changed", old=14, new=None),
    ]
