"""Every error that the API can raise has its problem, and every problem is explained."""

import inspect
import re

import django.db
import psycopg
import pytest
from django.conf import settings
from psycopg_pool import PoolTimeout

from events import exceptions as events_errors
from events.api import StreamId, VersionConflict
from nova.rest.rules import RULES, problem_of
from projections import exceptions as projections_errors

DOCUMENTED = settings.BASE_DIR / "docs" / "problems.md"
# Raised where no client can cause them.
FAULTS = {
    "EventStoreError",
    "ConcurrencyError",
    "AppendOnly",
    "MissingCast",
    "HookNotSet",
    "ReplayFailed",
    "StaleSnapshot",
}


def test_every_type_of_problem_is_explained():
    explained = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", DOCUMENTED.read_text(), flags=re.MULTILINE))
    raised = {rule.slug: str(rule.status) for rule in RULES.values()} | {"internal-error": "500"}
    assert explained == raised


@pytest.mark.parametrize("module", [events_errors], ids=["events"])
def test_every_error_of_the_store_has_a_rule_or_is_a_fault(module):
    errors = {
        name: kind
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__ and name not in FAULTS
    }
    without = [name for name, kind in errors.items() if not any(base in RULES for base in kind.__mro__)]
    assert without == []


def test_every_error_of_a_query_has_a_rule():
    kinds = projections_errors.ReadModelError.__subclasses__()
    assert [kind.__name__ for kind in kinds if kind not in RULES] == []


def test_a_version_conflict_tells_a_program_what_to_do_next():
    problem = problem_of(VersionConflict(StreamId("user", "1"), expected=3, actual=5))
    assert problem is not None
    assert problem.status == 412
    assert problem.document()["type"] == "urn:nova:problem:version-conflict"
    assert problem.members == {"stream": {"aggregate_type": "user", "aggregate_id": "1"}, "expected": 3, "actual": 5}
    assert problem.headers == {"ETag": '"5"'}


@pytest.mark.parametrize(
    "error",
    [
        django.db.OperationalError("connection to 10.0.0.1 refused for user nova"),
        django.db.InterfaceError("closed"),
        psycopg.errors.DeadlockDetected("x"),
        psycopg.errors.SerializationFailure("x"),
        PoolTimeout("x"),
        events_errors.Unavailable("host 10.0.0.1"),
    ],
)
def test_an_outage_asks_to_come_back_and_names_no_host(error):
    problem = problem_of(error)
    assert problem is not None
    assert problem.status == 503
    assert problem.headers["Retry-After"] == "1"
    assert "10.0.0.1" not in problem.detail


def test_a_fault_of_ours_has_no_problem():
    assert problem_of(KeyError("x")) is None
