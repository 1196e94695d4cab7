"""Settings that projections cannot work with are refused at start."""

import pytest
from django.db import connections
from psycopg import IsolationLevel

from projections.checks import settings_are_sound, transactions_read_what_is_committed


def test_the_settings_of_today_are_sound():
    assert settings_are_sound() == []
    assert transactions_read_what_is_committed() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("NOVA_PROJECTION_BATCH_SIZE", 0), ("NOVA_PROJECTION_POLL_LONGEST", 60)],
)
def test_a_number_out_of_range_is_refused(settings, name, value):
    setattr(settings, name, value)
    assert [problem.id for problem in settings_are_sound()] == ["projections.E001"]


def test_an_isolation_level_that_would_lose_events_is_refused(settings, monkeypatch):
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "isolation_level", IsolationLevel.REPEATABLE_READ)
    assert [problem.id for problem in transactions_read_what_is_committed()] == ["projections.E002"]
