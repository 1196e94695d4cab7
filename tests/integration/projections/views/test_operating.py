"""Materialised views are seen and refreshed in the console, over REST and at the command line, with a reason."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.state import ProjectState

from kit.sql import statements_of
from projections.api import FullView, ViewCollector
from projections.models import MaterialisedView, ProjectionOperation
from projections.tasks import refresh_views
from projections.views.checks import views_are_those_of_the_code
from projections.views.operations import MakeView
from tests.support.callers import caller, caller_with
from tests.support.console import client_of
from tests.support.problems import assert_problem
from tests.support.views import VIEWED, change, make, shares, viewed

__all__ = ["caller", "caller_with", "viewed"]
pytestmark = pytest.mark.usefixtures("viewed", "redis_url")


def operations() -> list[tuple[str, str, str, str]]:
    return list(ProjectionOperation.objects.values_list("projection", "verb", "actor", "reason"))


def command(*arguments: str) -> str:
    output = StringIO()
    call_command("materialised_views", *arguments, stdout=output)
    return output.getvalue()


def test_views_are_listed_and_refreshed_over_rest(caller):
    change(value=5)
    (listed,) = caller.get("/api/v1/materialised-views").json()["items"]
    assert (listed["name"], listed["kind"], listed["interval"], listed["is_asked_for"]) == ("viewed", "full", 60, False)

    answer = caller.post(
        "/api/v1/materialised-views/viewed/refresh", json.dumps({"reason": "a try"}), content_type="application/json"
    )

    assert answer.status_code == 202, answer.content
    assert answer.json()["is_asked_for"] is True
    assert operations() == [("viewed", "refresh", "caller", "a try")]
    assert refresh_views() == 1
    assert shares() == [(1, 20)]


def test_what_cannot_be_refreshed_is_a_problem_and_needs_the_scope(caller, caller_with):
    def refresh(client, name, body):
        address = f"/api/v1/materialised-views/{name}/refresh"
        return client.post(address, json.dumps(body), content_type="application/json")

    assert_problem(refresh(caller, "nobody", {"reason": "a try"}), 404, "materialised-view-not-found")
    assert_problem(refresh(caller, "viewed", {"reason": ""}), 422, "invalid-request")
    assert_problem(refresh(caller, "viewed", {}), 422, "invalid-request")
    reader = caller_with("read-models:read")
    assert_problem(refresh(reader, "viewed", {"reason": "a try"}), 403, "insufficient-scope")
    assert operations() == []


def test_views_are_listed_and_refreshed_on_the_command_line():
    assert "viewed" in command("status")
    change(value=5)
    assert command("refresh", "viewed", "--reason", "a try") == "viewed is refreshed.\n"
    assert shares() == [(1, 20)]
    assert operations() == [("viewed", "refresh", "manage.py", "a try")]

    change(value=0)
    with pytest.raises(CommandError, match=r"viewed is as it was: .*division by zero"):
        command("refresh", "viewed")
    assert "division by zero" in command("status")
    with pytest.raises(CommandError, match="no materialised view is named 'nobody'"):
        command("refresh", "nobody")


LIST = "/admin/projections/materialisedview/"


def test_the_console_shows_views_and_asks_why_one_is_refreshed():
    operator = client_of("view_materialisedview", "operate_projection")
    change(value=5)
    assert "viewed" in operator.get(LIST).content.decode()
    assert "every 60 s" in operator.get(f"{LIST}viewed/change/").content.decode()

    operator.post(f"{LIST}viewed/refresh/", {"_form_submitted": "on", "reason": ""})
    assert operations() == []
    operator.post(f"{LIST}viewed/refresh/", {"_form_submitted": "on", "reason": "a try"})

    assert operations() == [("viewed", "refresh", "someone", "a try")]
    assert MaterialisedView.objects.get().is_asked_for
    assert "asked for" in operator.get(LIST).content.decode()


def test_whoever_may_only_look_refreshes_nothing_in_the_console():
    reader = client_of("view_materialisedview")
    assert "viewed" in reader.get(LIST).content.decode()
    sent = {"_form_submitted": "on", "reason": "a try"}
    assert reader.post(f"{LIST}viewed/refresh/", sent).status_code == 403
    assert operations() == []


def test_metrics_tell_how_old_views_are_and_that_one_fails():
    change(value=0)
    with pytest.raises(CommandError):
        command("refresh", "viewed")
    found = {(one.name, sample.value) for one in ViewCollector().collect() for sample in one.samples}
    assert ("materialised_view_failures", 1.0) in found
    assert any(name == "materialised_view_age_seconds" and 0 <= value < 60 for name, value in found)


def test_a_view_of_another_definition_or_without_its_index_is_told():
    assert views_are_those_of_the_code(databases=["default"]) == []
    make(FullView(name="viewed", query="SELECT id, value AS share FROM viewed_rows", unique=("id",)))
    (other,) = views_are_those_of_the_code(databases=["default"])
    assert (other.id, "another definition" in other.msg) == ("projections.W010", True)

    make(VIEWED)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX viewed_unique")
    (without,) = views_are_those_of_the_code(databases=["default"])
    assert "without its unique index" in without.msg


def test_the_operation_of_a_migration_can_be_shown_without_being_run():
    other = FullView(name="viewed", query="SELECT id, 1 AS share FROM viewed_rows", unique=("id",))
    with connection.schema_editor(collect_sql=True) as editor:
        MakeView(other).database_forwards("projections", editor, ProjectState(), ProjectState())
    assert any(line.startswith('CREATE MATERIALIZED VIEW "viewed" AS') for line in editor.collected_sql)
    assert shares() == [(1, 10)]


def test_statements_of_views_have_no_comments_left():
    # What a view is made of is part of its definition, whose digest must not change with a remark.
    assert "--" not in statements_of("nova.services.analytics.sql")("daily_totals_view")
