"""Queries go to a real streaming replica while it is fresh enough, and clients notice nothing of what befalls it."""

import time

import pytest
from django.db import OperationalError, connection, connections, transaction
from prometheus_client import REGISTRY

from events.api import append_only, read_log, safe_position
from kit.replicas.reads import Source, from_replica, standings
from nova.rest.tokens import create_token
from nova.services.identity.models import User
from nova.services.identity.projections import UsersProjection
from tests.support.callers import bearer
from tests.support.outbox import eventually
from tests.support.projections import NOON, catch_up, created, record
from tests.support.standbys import REPLICA, Standby, is_asked, standby, state
from tests.support.store import appending

__all__ = ["standby"]
pytestmark = pytest.mark.usefixtures("redis_url")
BOUND = 3.0
"""Seconds of staleness that the tests allow, for some of them wait until it is passed."""


@pytest.fixture(autouse=True)
def bound(settings):
    settings.NOVA_REPLICA_MAX_STALENESS = BOUND


@pytest.fixture
def api(standby):
    """A client that reads."""
    return bearer(create_token("reader", scopes=["events:read", "read-models:read"])[0])


def answered_by() -> str:
    """The database that a query is sent to."""
    return from_replica(lambda source: source.alias)


def where(source: Source) -> int:
    """The port of the server that answers."""
    with connections[source.alias].cursor() as cursor:
        cursor.execute("SELECT inet_server_port()")
        return int(cursor.fetchone()[0])


def add_user(user_id: str) -> None:
    User.objects.create(user_id=user_id, username=user_id, status=User.Status.ACTIVE, updated_at=NOON)


def users(api, **headers: str) -> list[str]:
    answer = api.get("/api/v1/users", headers=headers)
    assert answer.status_code == 200, answer.content
    return [user["user_id"] for user in answer.json()["items"]]


def log(api, after: int = 0):
    answer = api.get("/api/v1/events", {"after": after})
    assert answer.status_code == 200, answer.content
    return answer.json()


def append(*user_ids: str) -> None:
    with appending(append_only):
        for user_id in user_ids:
            record(created(user_id))


def reads(alias: str, name: str) -> float:
    return REGISTRY.get_sample_value(f"nova_replica_{name}_total", {"database": alias}) or 0.0


def test_a_query_is_answered_by_the_replica(standby: Standby) -> None:
    before = reads(REPLICA, "reads")

    assert from_replica(where) == int(connections[REPLICA].settings_dict["PORT"])
    assert reads(REPLICA, "reads") == before + 1


def test_clients_read_what_the_replica_has_until_it_is_too_far_behind_and_then_what_the_primary_has(api, standby):
    add_user("ann")
    eventually(lambda: users(api) == ["ann"])

    standby.pause()
    began = time.monotonic()
    add_user("bob")

    assert users(api) == ["ann"], "the replica has answered"
    assert users(api, **{"Cache-Control": "no-cache"}) == ["ann", "bob"]
    assert users(api, Prefer="wait") == ["ann", "bob"]
    eventually(lambda: users(api) == ["ann", "bob"])
    assert time.monotonic() - began <= BOUND + 1
    assert state().startswith("is behind by ")

    standby.resume()
    eventually(is_asked)
    assert users(api) == ["ann", "bob"]
    assert answered_by() == REPLICA


@pytest.mark.parametrize("standby", [0, 2], indirect=True, ids=["without a pool", "with a pool"])
def test_a_replica_that_is_killed_is_replaced_by_the_primary_unnoticed_and_used_again_afterwards(api, standby):
    add_user("ann")
    assert answered_by() == REPLICA

    standby.kill()

    # The first one may fail in a session that the replica had, unless that was seen before.
    assert users(api) == ["ann"]
    assert answered_by() == "default"
    assert not is_asked()

    standby.start()
    eventually(is_asked, within=20)
    assert from_replica(where) == int(connections[REPLICA].settings_dict["PORT"])
    assert users(api) == ["ann"]


def test_a_query_that_the_replica_dies_under_is_run_again_by_the_primary(standby):
    asked = []

    def query(source: Source) -> int:
        asked.append(source.alias)
        if source.alias == REPLICA:
            where(source)
            standby.kill()
        return where(source)

    before = reads(REPLICA, "failovers")

    assert from_replica(query) == int(connection.settings_dict["PORT"])
    assert reads(REPLICA, "failovers") == before + 1
    assert asked == [REPLICA, "default"]


def test_a_replica_that_was_promoted_is_not_asked(api, standby):
    add_user("ann")
    eventually(lambda: users(api) == ["ann"])

    standby.promote()
    add_user("bob")

    # Before anybody has looked at it: the session itself tells, and its answer is thrown away.
    assert users(api) == ["ann", "bob"]
    eventually(lambda: state() == "is no replica any more: it was promoted")
    assert answered_by() == "default"


def test_no_write_reaches_a_replica_nor_one_that_was_promoted(standby):
    add_user("ann")
    found = eventually(lambda: User.objects.using(REPLICA).filter(user_id="ann").first())
    found.username = "renamed"

    found.save()

    assert User.objects.get(user_id="ann").username == "renamed"
    standby.promote()
    with pytest.raises(OperationalError, match="only reads"), connections[REPLICA].cursor() as cursor:
        cursor.execute("DELETE FROM users_read")


def test_what_is_asked_inside_a_transaction_is_answered_there(standby):
    with transaction.atomic():
        add_user("ann")
        assert answered_by() == "default"
    assert answered_by() == REPLICA


def test_pages_of_the_log_from_a_replica_pass_over_no_event(api, standby):
    append("ann")
    eventually(lambda: len(log(api)["items"]) == 1)
    standby.pause()
    append("bob", "cem")
    fresh = read_log(0, 10)
    eventually(lambda: standings()[REPLICA].lag_bytes > 0)

    first = log(api)
    # As one who has read the primary's page before comes to the replica.
    further = log(api, after=fresh.position)

    assert [event["payload"]["user_id"] for event in first["items"]] == ["ann"]
    assert first["next"] < fresh.events[1].position, "the next page begins with what was not replayed"
    assert (further["items"], further["next"]) == ([], fresh.position)
    standby.resume()
    eventually(lambda: len(log(api, after=first["next"])["items"]) == 2)


def test_an_answer_says_what_its_replica_has_seen_and_who_waits_is_answered_by_the_primary(api, standby):
    append("ann")
    catch_up(UsersProjection())
    before = safe_position()
    eventually(lambda: users(api) == ["ann"])
    standby.pause()
    append("bob")
    catch_up(UsersProjection())

    old = api.get("/api/v1/users")
    new = api.get("/api/v1/users", headers={"Prefer": f"wait={safe_position()}"})

    assert [user["user_id"] for user in old.json()["items"]] == ["ann"], "the replica has answered"
    assert old["Nova-Position"] == str(before)
    assert [user["user_id"] for user in new.json()["items"]] == ["ann", "bob"]
    assert new["Nova-Position"] == str(safe_position())


def test_the_next_page_of_a_type_comes_from_a_replica_that_has_all_of_the_page_before(api, standby):
    append("ann")
    eventually(lambda: len(log(api)["items"]) == 1)
    standby.pause()
    append("bob", "cem")

    def of_type(**query: int) -> list[str]:
        answer = api.get("/api/v1/events/by-type/identity.user.created", query)
        assert answer.status_code == 200, answer.content
        return [event["payload"]["user_id"] for event in answer.json()["items"]]

    assert of_type() == ["ann"], "the replica has answered"
    assert of_type(beyond=safe_position()) == ["bob", "ann"]


def test_a_query_that_must_know_an_event_is_not_sent_to_a_replica_that_may_lack_it(standby):
    append("ann")
    standby.pause()
    append("bob")

    assert answered_by() == REPLICA
    assert from_replica(lambda source: source.alias, position=safe_position()) == "default"


def test_the_bound_of_a_query_may_be_tighter_and_never_wider_than_that_of_the_settings(standby):
    assert from_replica(lambda source: source.alias, max_staleness=0) == "default"
    standby.pause()
    append("ann")
    eventually(lambda: answered_by() == "default")
    assert from_replica(lambda source: source.alias, max_staleness=300) == "default"
