"""An operator sees projections and read models, and steers projections if allowed to."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.auth.models import User as Account
from django.test import Client
from django.urls import reverse

from nova.services.identity.models import User
from outbox.api import group_named
from projections.definition.policy import OnError, Policy
from projections.definition.registry import projection_named
from projections.engine import checkpoints
from projections.engine.engine import run_pass
from projections.models import ParkedAggregate, ProjectionCheckpoint, ProjectionPartition, ProjectionRebuild
from tests.integration.projections.engine.test_partitions import NAMES, Shared
from tests.support.feeds import handle, post
from tests.support.projections import Recording, catch_up, created, record
from tests.support.rebuilds import go_on

pytestmark = [
    pytest.mark.usefixtures("committed_db", "redis_url", "no_schemas_left"),
]
CHANGELIST = "/admin/projections/projectioncheckpoint/"


@pytest.fixture
def projection():
    return projection_named("users")


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(Account.objects.create_superuser("operator"))
    return client


def onlooker(*permissions: str) -> Client:
    account = Account.objects.create_user("onlooker", is_staff=True)
    account.user_permissions.set(Permission.objects.filter(codename__in=["view_projectioncheckpoint", *permissions]))
    client = Client()
    client.force_login(account)
    return client


def act(client: Client, action: str) -> str:
    sent = {"action": action, "_selected_action": ["users"], "reason": "a try"}
    answer = client.post(CHANGELIST, sent, follow=True)
    return answer.content.decode()


def test_projections_are_shown_before_they_have_begun(operator, projection):
    record(created())
    page = operator.get(CHANGELIST).content.decode()
    assert "users" in page
    assert "running" in page
    assert "a dead worker shows here as growing lag" in page


def test_a_failure_is_shown_with_its_event_and_its_error(operator, monkeypatch, projection):
    record(created("broken"))
    broken = Recording("users")
    broken.broken_at = "broken"
    run_pass(broken)
    failure = ProjectionCheckpoint.objects.get(name="users")
    assert "cannot take broken" in operator.get(CHANGELIST).content.decode()
    page = operator.get(f"{CHANGELIST}users/change/").content.decode()
    assert str(failure.failed_event_id) in page
    assert "cannot take broken" in page


def test_projections_are_paused_resumed_and_rebuilt(operator, projection):
    record(created())
    run_pass(projection)
    assert "is paused" in act(operator, "pause_projections")
    assert ProjectionCheckpoint.objects.get(name="users").status == "paused"
    assert "goes on" in act(operator, "resume_projections")
    assert ProjectionCheckpoint.objects.get(name="users").status == "running"
    assert "is filled anew beside the tables that serve" in act(operator, "rebuild_projections")
    assert User.objects.exists()
    history = operator.get(f"{CHANGELIST}users/history/").content.decode()
    assert [verb in history for verb in ("Pause: a try", "Resume: a try", "Rebuild: a try")] == [True] * 3


def test_a_rebuild_is_followed_swapped_and_rolled_back(operator, projection):
    record(created())
    run_pass(projection)
    page = f"{CHANGELIST}users/change/"
    assert "Rebuild for version" not in operator.get(page).content.decode()
    act(operator, "rebuild_projections")
    shown = operator.get(page).content.decode()
    assert "Rebuild for version 1: filling" in shown
    assert 'hx-trigger="every 1s' in shown
    assert "a rebuild is under way; swap or cancel it" in act(operator, "rebuild_projections")
    go_on(projection)
    shown = operator.get(page).content.decode()
    assert "Rebuild for version 1: swapped" in shown
    assert "1 events" in shown
    assert 'hx-trigger="every 1s' not in shown
    ProjectionRebuild.objects.update(parked=1)
    assert "without 1 parked aggregate and 0 skipped events" in operator.get(page).content.decode()
    assert "rolled back" in act(operator, "rollback_projections")
    assert "no previous tables are kept" in act(operator, "drop_projections")
    assert "no rebuild is under way" in act(operator, "cancel_projections")
    assert "no rebuild is under way" in act(operator, "swap_projections")
    assert "Rollback: a try" in operator.get(f"{CHANGELIST}users/history/").content.decode()


def test_without_a_reason_nothing_is_done(operator, projection):
    checkpoints.current(projection)
    answer = operator.post(CHANGELIST, {"action": "pause_projections", "_selected_action": ["users"]})
    assert 'name="reason"' in answer.content.decode()
    assert ProjectionCheckpoint.objects.get(name="users").status == "running"


def test_who_may_only_look_cannot_steer(projection):
    checkpoints.current(projection)
    client = onlooker()
    for verb in ("pause_projections", "resume_projections", "rebuild_projections"):
        act(client, verb)
    assert ProjectionCheckpoint.objects.get(name="users").status == "running"


def test_who_may_operate_cannot_rebuild(projection):
    record(created())
    run_pass(projection)
    client = onlooker("operate_projection")
    act(client, "rebuild_projections")
    assert not ProjectionRebuild.objects.exists()
    act(client, "pause_projections")
    assert ProjectionCheckpoint.objects.get(name="users").status == "paused"


def in_dialog(client: Client, verb: str, **fields: str) -> str:
    url = reverse(f"admin:projections_projectioncheckpoint_{verb}_projection", args=["users"])
    client.post(url, {"_form_submitted": "on", "reason": "a try"} | fields)
    # The dialog is closed by the page that it leads to.
    return page_of(client)


def page_of(client: Client) -> str:
    return client.get(f"{CHANGELIST}users/change/").content.decode()


def test_only_what_can_be_done_is_offered(operator, projection):
    checkpoints.current(projection)
    assert [label in page_of(operator) for label in ("Skip failed event", "Release parked aggregate")] == [False, False]
    fail_at("ann")
    assert [label in page_of(operator) for label in ("Skip failed event", "Release parked aggregate")] == [True, False]


def test_the_failing_event_is_skipped_on_the_projections_page(operator, projection):
    fail_at("ann")
    failed = str(ProjectionCheckpoint.objects.get(name="users").failed_event_id)
    assert "goes on without the event" in in_dialog(operator, "skip", event_id=failed)
    shown = page_of(operator)
    assert ProjectionCheckpoint.objects.get(name="users").status == "running"
    assert [text in shown for text in (failed, "cannot take ann", "a try", "operator")] == [True] * 4


def test_a_parked_aggregate_is_shown_and_released_on_the_projections_page(operator, projection, monkeypatch):
    monkeypatch.setattr(Recording, "policy", Policy(on_error=OnError.PARK, retries=0))
    fail_at("ann")
    assert "cannot take ann" in page_of(operator)
    assert "has all events of user/ann" in in_dialog(operator, "release", aggregate="user/ann")
    assert User.objects.filter(pk="ann").exists()
    assert not ParkedAggregate.objects.exists()


def test_the_checkpoint_is_moved_back_by_those_who_may_rebuild(operator, projection):
    record(created())
    run_pass(projection)
    assert in_dialog(onlooker("operate_projection"), "reset", position="0")
    assert ProjectionCheckpoint.objects.get(name="users").position > 0
    assert "goes on from 0" in in_dialog(operator, "reset", position="0")
    assert ProjectionCheckpoint.objects.get(name="users").position == 0


def fail_at(user_id: str) -> None:
    record(created(user_id))
    broken = Recording("users")
    broken.broken_at = user_id
    run_pass(broken)


def test_users_are_searched_and_cannot_be_changed(operator, projection):
    record(created())
    run_pass(projection)
    assert "ann@example.org" in operator.get("/admin/nova_identity/user/?q=EXAMPLE").content.decode()
    assert "ann@example.org" not in operator.get("/admin/nova_identity/user/?q=%25").content.decode()
    assert operator.get("/admin/nova_identity/user/?q=%00").status_code in {200, 302}
    assert operator.get("/admin/nova_identity/user/ann/change/").status_code == 200
    assert operator.post("/admin/nova_identity/user/ann/change/", {"email": "x"}).status_code == 403
    assert operator.get("/admin/nova_identity/user/add/").status_code == 403


def test_posts_of_the_feed_are_shown(operator):
    handle(group_named("feed-service").handlers, post("p1"))
    assert "caption of p1" in operator.get("/admin/nova_feed/feedpost/").content.decode()
    assert operator.get("/admin/nova_feed/feedpost/p1/change/").status_code == 200


def test_partitions_are_shown_with_what_holds_one_of_them(operator):
    shared = Shared(3)
    run_pass(shared)
    shared.broken = {NAMES[0]}
    for name in NAMES:
        record(created(name))
    catch_up(shared)
    failed = ProjectionPartition.objects.get(status="failed")
    listed = operator.get(CHANGELIST).content.decode()
    assert f"cannot take {NAMES[0]}" in listed
    assert f">{failed.position}<" in listed
    page = operator.get(f"{CHANGELIST}users/change/").content.decode()
    assert str(failed.failed_event_id) in page
    assert all(f">{row.position}<" in page for row in ProjectionPartition.objects.all())
