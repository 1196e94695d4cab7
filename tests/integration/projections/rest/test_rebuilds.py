"""Rebuilds over HTTP: begun, followed and operated by whoever may."""

import pytest

from nova.services.identity.models import User
from projections.definition.registry import projection_named
from projections.models import ProjectionRebuild
from tests.support.callers import bearer, caller, caller_with, nothing_is_remembered
from tests.support.projections import created, record
from tests.support.rebuilds import go_on

__all__ = ["bearer", "caller", "caller_with", "nothing_is_remembered"]

pytestmark = pytest.mark.usefixtures("no_schemas_left")
USERS = "/api/v1/projections/users"


def post(client, verb, **body):
    return client.post(f"{USERS}/{verb}", {"reason": "a try"} | body, content_type="application/json")


def test_a_rebuild_is_begun_followed_swapped_and_rolled_back(no_schemas_left, caller):
    record(created())
    assert caller.get(f"{USERS}/rebuild").json() == {"items": [], "next": None}
    begun = post(caller, "rebuild", swap=False)
    rebuild = begun.json()["rebuild"]
    assert (begun.status_code, rebuild["state"], rebuild["swaps"]) == (200, "filling", False)
    assert (rebuild["started_by"], rebuild["reason"]) == ("caller", "a try")
    go_on(projection_named("users"))
    [shown] = caller.get(f"{USERS}/rebuild").json()["items"]
    assert (shown["state"], shown["progress"], shown["events"], shown["remaining_seconds"]) == (
        "caught_up",
        1.0,
        1,
        None,
    )
    assert post(caller, "swap").json()["rebuild"]["swaps"]
    go_on(projection_named("users"))
    assert User.objects.count() == 1
    assert post(caller, "rollback").json()["rebuild"]["state"] == "rolled_back"
    assert not User.objects.exists()


@pytest.mark.parametrize("verb", ["swap", "cancel", "rollback", "drop"])
def test_what_the_tables_do_not_allow_is_a_conflict_that_says_why(no_schemas_left, caller, verb):
    answer = post(caller, verb)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nova:problem:rebuild-refused")
    assert answer.json()["detail"].startswith("projection users: no ")


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("rebuild", {"reason": ""}, 422),
        ("rebuild", {"reason": "x\0"}, 400),
        ("rebuild", {"swap": "no"}, 422),
        ("swap", {"swap": True}, 422),
        ("restart", {}, 404),
    ],
)
def test_what_cannot_be_understood_is_refused(no_schemas_left, caller, verb, body, status):
    assert post(caller, verb, **body).status_code == status
    assert not ProjectionRebuild.objects.exists()


def test_a_projection_that_nobody_has_is_not_found(no_schemas_left, caller):
    path = "/api/v1/projections/nobody/rebuild"
    assert caller.get(path).status_code == 404
    assert caller.post(path, {"reason": "a try"}, content_type="application/json").status_code == 404


def test_who_may_only_read_cannot_operate(no_schemas_left, caller_with):
    reader = caller_with("read-models:read")
    assert reader.get(f"{USERS}/rebuild").status_code == 200
    for verb in ("rebuild", "swap", "rollback", "drop", "cancel"):
        assert post(reader, verb).status_code == 403
    assert not ProjectionRebuild.objects.exists()
