"""Answers of a projection's tables that are kept follow whatever changes these tables."""

from collections.abc import Sequence

import pytest
from django.db import transaction
from django.test import Client

from events.api import last_position
from events.envelope import RecordedEvent
from kit.actions import NoArguments
from nova.rest.tokens import create_token
from nova.services.identity.models import User
from nova.services.identity.projections import PROJECTION, UsersProjection, user_id_of
from nova.services.social.events import PostLiked
from projections.api import OnError, Policy
from projections.operating.actions import operate
from projections.operating.engine_verbs import OfAggregate
from tests.support.callers import bearer
from tests.support.projections import NOON, catch_up, created, record
from tests.support.query_cache import patient_query_cache
from tests.support.rebuilds import begin, go_on

__all__ = ["patient_query_cache"]
pytestmark = pytest.mark.usefixtures("committed_db", "patient_query_cache", "no_schemas_left")


@pytest.fixture
def api() -> Client:
    client: Client = bearer(create_token("reader", scopes=["read-models:read"])[0])
    return client


def told(*user_ids: str) -> None:
    for user_id in user_ids:
        record(created(user_id))
    catch_up(PROJECTION)


class Breakable(UsersProjection):
    """Parks whom it cannot take."""

    policy = Policy(on_error=OnError.PARK, retries=0)
    broken_at: str | None = None

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables, or fail."""
        if any(user_id_of(event) == self.broken_at for event in events):
            raise ValueError
        super().apply_batch(events)


def users(api: Client, **headers: str) -> list[str]:
    answer = api.get("/api/v1/users", headers=headers)
    assert answer.status_code == 200, answer.content
    return [user["user_id"] for user in answer.json()["items"]]


def unnoticed(user_id: str) -> None:
    """A row that nobody has told the cache of."""
    User.objects.create(user_id=user_id, username=user_id, status=User.Status.ACTIVE, updated_at=NOON)


def test_each_order_has_an_answer_of_its_own(api):
    record(created("ann", username="zoe"))
    record(created("bob", username="bob"))
    catch_up(PROJECTION)
    orders = ("id", "name", "id", "name")
    answers = [api.get("/api/v1/users", {"order": order}).json()["items"] for order in orders]
    assert [[user["user_id"] for user in items] for items in answers] == [["ann", "bob"], ["bob", "ann"]] * 2


def test_a_list_is_kept_until_the_projection_has_changed_its_tables(api):
    told("ann")
    assert users(api) == ["ann"]
    unnoticed("bob")
    assert users(api) == ["ann"], "it is kept"
    told("cem")
    assert users(api) == ["ann", "bob", "cem"]


def test_a_kept_answer_says_the_position_that_it_has_seen(api):
    told("ann")
    seen = str(last_position())
    assert api.get("/api/v1/users")["Nova-Position"] == seen
    # An event of another type moves the checkpoint alone.
    record(PostLiked(post_id="p", user_id="ann"), stream="p")
    catch_up(PROJECTION)
    assert api.get("/api/v1/users")["Nova-Position"] == seen


def test_whoever_asks_for_what_is_true_now_is_not_answered_from_the_cache(api):
    told("ann")
    assert users(api) == ["ann"]
    unnoticed("bob")
    assert users(api, **{"Cache-Control": "no-cache"}) == ["ann", "bob"]
    assert users(api, Prefer=f"wait={last_position()}") == ["ann", "bob"]
    assert users(api) == ["ann"]


def test_a_change_that_is_rolled_back_forgets_nothing(api):
    told("ann")
    assert users(api) == ["ann"]
    unnoticed("bob")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(created("cem"))
        catch_up(PROJECTION)
        1 / 0  # noqa: B018
    assert users(api) == ["ann"]


def test_tables_that_take_over_and_that_come_back_are_not_answered_for_by_the_others(api):
    told("ann")
    unnoticed("bob")
    assert users(api) == ["ann", "bob"]

    begin(PROJECTION)
    go_on(PROJECTION)
    assert users(api) == ["ann"], "the new tables are what the log says"

    operate("rollback", PROJECTION, NoArguments(), actor="ann", reason="bob is missed")
    assert users(api) == ["ann", "bob"]


def test_what_a_release_applies_is_shown(api):
    projection = Breakable()
    projection.broken_at = "bob"
    record(created("ann"))
    record(created("bob"))
    catch_up(projection)
    assert users(api) == ["ann"]
    projection.broken_at = None

    operate("release", projection, OfAggregate(aggregate_type="user", aggregate_id="bob"), actor="ann", reason="mended")

    assert users(api) == ["ann", "bob"]
