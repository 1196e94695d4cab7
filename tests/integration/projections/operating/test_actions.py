"""What an operator does to a projection is the same from everywhere, and is kept with who did it and why."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from events.api import StreamId, get_events
from kit.actions import NoArguments
from outbox.models import ProcessHeartbeat
from outbox.signals.heartbeats import beat
from projections.definition.registry import projection_named
from projections.engine.engine import run_pass
from projections.exceptions import InvalidArgument
from projections.models import ProjectionCheckpoint, ProjectionOperation
from projections.operating.actions import ACTIONS, operate
from projections.operating.reading import projection_detail, projection_statuses, worker_state
from projections.operating.rebuild_verbs import HowToRebuild
from tests.support.projections import Recording, created, record

pytestmark = pytest.mark.usefixtures("no_schemas_left")


def command(*words: str) -> str:
    out = StringIO()
    call_command("projections", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def failed() -> Recording:
    """Waits before an event that it cannot take."""
    projection = Recording("users")
    projection.broken_at = "ann"
    record(created("ann"))
    run_pass(projection)
    return projection


def test_each_operation_is_kept_with_who_did_it_and_why():
    users = projection_named("users")
    for verb, arguments in (("pause", NoArguments()), ("resume", NoArguments()), ("rebuild", HowToRebuild(swap=False))):
        operate(verb, users, arguments, actor="op", reason=f"to {verb}")
    operate("cancel", users, NoArguments(), actor="op", reason="to cancel")
    command("reset", "users", "0", "--reason", "by hand")
    kept = [(one.verb, one.arguments, one.actor, one.reason) for one in projection_detail(users).operations]
    assert kept == [
        ("reset", {"position": 0}, "manage.py", "by hand"),
        ("cancel", {}, "op", "to cancel"),
        ("rebuild", {"swap": False}, "op", "to rebuild"),
        ("resume", {}, "op", "to resume"),
        ("pause", {}, "op", "to pause"),
    ]


def test_without_a_reason_nothing_is_done():
    with pytest.raises(InvalidArgument, match="reason"):
        operate("pause", projection_named("users"), NoArguments(), actor="op", reason="")
    assert not ProjectionCheckpoint.objects.filter(status="paused").exists()
    assert not ProjectionOperation.objects.exists()


def test_what_is_refused_is_not_kept():
    with pytest.raises(CommandError, match="has not parked user/ann"):
        command("release", "users", "user", "ann")
    assert not ProjectionOperation.objects.exists()


def test_the_command_skips_the_event_that_has_failed(failed):
    (event,) = get_events(StreamId("user", "ann"))
    assert command("skip", "users", str(event.event_id)) == f"users goes on without the event {event.event_id}.\n"
    detail = projection_detail(failed)
    assert (detail.status, detail.position, detail.failed_event_id) == ("running", event.position, None)
    assert [(one.event_id, one.actor, one.reason) for one in detail.skipped_events] == [
        (event.event_id, "manage.py", "at the command line")
    ]


def test_the_command_shows_all_that_is_known(failed):
    shown = command("show", "users")
    assert '"error": "ValueError: cannot take ann"' in shown
    assert '"on_error": "pause"' in shown


def test_a_projection_without_a_worker_looks_like_one():
    # Given a projection that nothing holds, and no worker
    assert {one.status for one in projection_statuses()} == {"running"}
    assert "worker: never seen" in command("status")
    # When one has given a sign of life, the projection need not have moved
    beat(connection, "runner:projections")
    assert worker_state().healthy
    # And when it has been silent for long, it counts as dead
    ProcessHeartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=60))
    assert not worker_state().healthy
    assert "worker: seen 60." in command("status")


@pytest.mark.parametrize(
    "words",
    [("reset", "users", "-1"), ("reset", "users", str(2**63)), ("skip", "users", "x"), ("release", "users", "", "a")],
)
def test_the_command_says_in_one_line_which_argument_is_wrong(words):
    with pytest.raises(CommandError) as refused:
        command(*words)
    assert "\n" not in str(refused.value)


def test_no_verb_goes_without_a_permission_of_projections():
    assert {action.permission for action in ACTIONS.values()} == {
        "projections.operate_projection",
        "projections.rebuild_projection",
    }
