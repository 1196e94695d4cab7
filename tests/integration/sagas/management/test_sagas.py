"""`manage.py sagas`: instances listed, shown, and operated one by one or by filter."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sagas.models import SagaState, SagaTransition
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import TripRequested

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("sagas", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_those_that_wait_for_an_operator_come_first(trips):
    live(trips, "t2", TripRequested)
    stuck_trip(trips, "t1")

    lines = run("list").splitlines()

    assert "t1" in lines[1]
    assert "awaiting_operator" in lines[1]
    assert "t2" in lines[2]


def test_one_is_shown_as_json(trips):
    saga_id = stuck_trip(trips)

    assert json.loads(run("show", str(saga_id)))["waits_for"].startswith("an operator, since")


def test_all_that_a_filter_means_are_operated(trips):
    for number in range(3):
        stuck_trip(trips, f"t{number}")
    live(trips, "running", TripRequested)

    planned = run("resume", "--status", "awaiting_operator", "--reason", "printer works", "--dry-run")
    assert planned.count("resume ") == 3
    said = run("resume", "--status", "awaiting_operator", "--reason", "printer works", "--rate", "1000")

    assert "3 of 3: trip t" in said
    assert SagaState.objects.filter(status="running").count() == 4
    assert SagaTransition.objects.filter(cause="operator", actor="manage.py", reason="printer works").count() == 3


def test_a_step_is_retried_and_data_are_edited(trips):
    saga_id = str(stuck_trip(trips))

    run("edit", saga_id, "--data", '{"trip_id": "t", "people": 3}', "--reason", "one more")
    run("retry", saga_id, "--step", "tickets", "--reason", "again")

    assert SagaState.objects.get().state["data"]["people"] == 3


def test_they_are_listed_by_age_error_and_step(trips):
    stuck_trip(trips, "old")
    live(trips, "new", TripRequested)
    SagaState.objects.filter(key="old").update(updated_at="2020-01-01T00:00:00Z")

    for filter_ in (["--moved-before", "2021-01-01T00:00:00Z"], ["--error", "tickets"], ["--current-step", "tickets"]):
        assert [line.split()[2] for line in run("list", *filter_).splitlines()[1:]] == ["old"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["resume", "--reason", "x"], "Name instances, or a filter"),
        (["show", "00000000-0000-0000-0000-000000000000"], "there is no saga"),
        (["edit", "00000000-0000-0000-0000-000000000000", "--data", "{", "--reason", "x"], "--data must be JSON"),
        (["resume", "--saga", "trip", "--reason", "x", "--rate", "0"], "--rate must be above 0"),
        (["list", "--moved-before", "yesterday"], "--moved-before: "),
    ],
)
def test_what_makes_no_sense_is_said(arguments, why):
    with pytest.raises(CommandError, match=why):
        run(*arguments)


def test_what_is_refused_makes_the_command_fail(trips):
    live(trips, "t", TripRequested)

    with pytest.raises(CommandError, match="1 of 1 stay as they were"):
        run("resume", "--saga", "trip", "--reason", "x")
