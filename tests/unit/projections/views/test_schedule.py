"""When a view is computed anew: by its schedule, after a failure later, and when an operator asks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nova.services.analytics.materialised_views import DAILY_TOTALS, USER_ACTIVITY
from projections.models import MaterialisedView
from projections.views.records import is_due

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("kept", "due"),
    [
        ({}, True),
        ({"refreshed_at": ago(59)}, False),
        ({"refreshed_at": ago(60)}, True),
        # One that takes long leaves as much time to others.
        ({"refreshed_at": ago(60), "seconds": 40}, False),
        ({"refreshed_at": ago(80), "seconds": 40}, True),
        ({"refreshed_at": ago(1), "is_asked_for": True}, True),
        ({"refreshed_at": ago(1), "attempts": 1, "retry_at": ago(0)}, True),
        ({"refreshed_at": ago(99), "attempts": 1, "retry_at": ago(-1)}, False),
    ],
)
def test_a_full_view_is_due(kept: dict[str, Any], due: bool) -> None:
    assert is_due(MaterialisedView(name="any", **kept), DAILY_TOTALS, NOW) is due


def test_an_incremental_view_is_due_only_when_an_operator_asks_or_that_has_failed() -> None:
    assert not is_due(MaterialisedView(), USER_ACTIVITY, NOW)
    assert is_due(MaterialisedView(is_asked_for=True), USER_ACTIVITY, NOW)
    assert is_due(MaterialisedView(attempts=1, retry_at=ago(1)), USER_ACTIVITY, NOW)
