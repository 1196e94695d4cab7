"""Users are known from whatever is told of them, in whatever order, and found by name or e-mail (C4)."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from msgspec import Struct

from events.api import execute
from kit.exceptions import InvalidParameter
from nova.services.identity.aggregates import ChangeEmail, ChangeName, CreateUser, DeactivateUser
from nova.services.identity.events import FieldChange, UserCreated, UserRoleAssigned, UserUpdated
from nova.services.identity.exceptions import UserNotFound
from nova.services.identity.models import User
from nova.services.identity.projections import UsersProjection
from nova.services.identity.queries import get_user, list_users
from nova.services.identity.sql.statements import statement
from tests.support.projections import NOON, catch_up, created, deleted, profile, record

pytestmark = pytest.mark.usefixtures("committed_db")


def told(*payloads: Struct) -> None:
    for payload in payloads:
        record(payload)
    catch_up(UsersProjection())


def found(search: str) -> list[str]:
    return [user.user_id for user in list_users(search=search).items]


def test_a_user_is_what_the_events_say():
    told(
        created(),
        profile(display_name="Ann A.", is_verified=True, follower_count=7, avatar_url="https://x.example/a.png"),
        UserRoleAssigned(user_id="ann", role_id="editor"),
        UserUpdated(user_id="ann", changes=[FieldChange(field="email", old="x", new="new@example.org")]),
    )
    user = get_user("ann")
    assert (user.username, user.display_name, user.email) == ("ann", "Ann A.", "new@example.org")
    assert (user.is_verified, user.follower_count, user.roles) == (True, 7, ["editor"])
    assert (user.status, user.created_at, user.deleted_at) == ("active", NOON, None)


def test_a_profile_before_the_creation_is_not_overwritten_by_it():
    told(profile(username="ann-new"), created(username="ann-old"))
    user = get_user("ann")
    assert (user.username, user.email, user.created_at) == ("ann-new", "ann@example.org", NOON)


def test_both_kinds_of_creation_make_one_user():
    told(UserCreated(user_id="ann", email="a@example.org", created_at=NOON), created(email="b@example.org"))
    user = get_user("ann")
    assert (user.username, user.email) == ("ann", "a@example.org")


def test_what_commands_bring_about_is_followed():
    execute("u1", CreateUser(email="ann@example.org", name="Ann"))
    execute("u1", ChangeEmail(email="anne@example.org"))
    execute("u1", ChangeName(name="Anne"))
    catch_up(UsersProjection())
    assert (get_user("u1").username, get_user("u1").email, get_user("u1").status) == (
        "Anne",
        "anne@example.org",
        "active",
    )
    execute("u1", DeactivateUser())
    catch_up(UsersProjection())
    assert get_user("u1").status == "inactive"
    assert list_users(search="", after=None, limit=10).items == []
    for status in ("inactive", "any"):
        assert [(user.user_id, user.status) for user in list_users(status=status).items] == [("u1", "inactive")]
    with pytest.raises(InvalidParameter, match="status"):
        list_users(status="deleted")


def test_a_deleted_user_is_marked_and_not_listed():
    told(created(), created("bob"), deleted())
    assert get_user("ann").status == "deleted"
    assert get_user("ann").email == "ann@example.org"
    assert [user.user_id for user in list_users().items] == ["bob"]
    assert found("ann@") == []


def test_a_user_deleted_for_good_leaves_no_personal_data_and_gets_none_again():
    told(created(), profile(display_name="Ann"), deleted(soft=False))
    told(profile(display_name="Ann again"), created(), UserUpdated(user_id="ann", changes=[_email("x@example.org")]))
    user = User.objects.get(user_id="ann")
    assert (user.username, user.display_name, user.email, user.avatar_url, user.folded) == ("", "", "", "", "")
    assert (user.status, user.is_erased) == ("deleted", True)


def test_changes_that_do_not_fit_are_left_out():
    told(
        created(),
        UserUpdated(
            user_id="ann",
            changes=[
                FieldChange(field="is_verified", new="yes"),
                FieldChange(field="follower_count", new=True),
                FieldChange(field="follower_count", new=-1),
                FieldChange(field="status", new="king"),
                FieldChange(field="username", new={"a": 1}),
                FieldChange(field="display_name", new="x" * 10_000),
            ],
        ),
    )
    user = get_user("ann")
    assert (user.username, user.is_verified, user.follower_count, user.status) == ("ann", False, 0, "active")
    assert user.display_name == "x" * 255


@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_a_time_at_the_end_of_the_calendar_can_be_read_again(timestamp):
    told(created(created_at=timestamp))
    assert get_user("ann").created_at in {
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    }


def test_users_are_found_by_part_of_a_name_or_e_mail_in_any_case():
    told(created("ann"), created("bob"), profile("bob", display_name="Jürgen Łoś"), created("дана", username="Дана"))
    assert found("ANN") == ["ann"]
    assert found("example.ORG") == ["ann", "bob", "дана"]
    assert found("jÜRG") == ["bob"]
    assert found("ДАНА") == ["дана"]
    assert found("nobody") == []


@pytest.mark.parametrize(
    "term", ["%", "_", "\\", "100%", "a_n", "' OR 1=1 --", '"', "$1", "%s", "{}", "\ufffd", "(", ".*", "a" * 255]
)
def test_a_hostile_term_means_itself(term):
    told(created("ann"), created("odd", username=term))
    assert found(term) == ["odd"]


def test_white_space_is_no_term():
    told(created("ann"), created("bob", username="Bob  B."))
    assert found(" \n") == ["ann", "bob"]
    assert found("bob b.") == ["bob"]


@pytest.mark.parametrize("term", ["\0", "a\0b", "\ud800", "x" * 256])
def test_an_impossible_term_is_refused(term):
    with pytest.raises(InvalidParameter, match="search"):
        list_users(search=term)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_of_no_or_too_many_users_is_refused(limit):
    with pytest.raises(InvalidParameter, match="limit"):
        list_users(limit=limit)


@pytest.mark.parametrize("cursor", ["", "??", "e30", "MQ", "IlwiMDAwMCI", "IlxcdTAwMDAi"])
def test_a_cursor_that_no_page_gave_is_refused_or_harmless(cursor):
    with suppress(InvalidParameter):
        assert list_users(after=cursor).items == []


def test_pages_follow_each_other_without_gap_or_overlap():
    told(*[created(f"user-{number:02}") for number in range(7)])
    seen, after = [], None
    while True:
        page = list_users(after=after, limit=3)
        seen += [user.user_id for user in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [f"user-{number:02}" for number in range(7)]


def test_an_unknown_user_is_not_found():
    with pytest.raises(UserNotFound):
        get_user("nobody")


@pytest.mark.parametrize(("walked", "matches"), [(2_000, 5_000), (3, 5_000), (3, 4)])
def test_a_search_has_the_same_pages_from_whichever_side_users_are_found(monkeypatch, walked, matches):
    monkeypatch.setattr("nova.services.matching.MAX_WALKED", walked)
    monkeypatch.setattr("nova.services.matching.MAX_MATCHES", matches)
    told(*[created(f"user-{number:02}", username="odd" if number % 2 else "even") for number in range(12)])
    seen, after = [], None
    while True:
        page = list_users(search="ODD", after=after, limit=4)
        seen += [user.user_id for user in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [f"user-{number:02}" for number in range(1, 12, 2)]


def test_search_can_use_the_trigram_index():
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        parameters: dict[str, Any] = {
            "pattern": "%jones%",
            "statuses": ["active"],
            "after": "",
            "max_matches": 9,
            "max_count": 9,
        }
        cursor.execute(f"EXPLAIN {statement('all_matching')}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET enable_seqscan = on")
    assert "users_read_folded" in plan


def pages(**asked: Any) -> list[str]:
    """The users of all pages."""
    seen: list[str] = []
    after = None
    while True:
        page = list_users(after=after, **asked)
        seen += [user.user_id for user in page.items]
        assert len(seen) == len(set(seen)), "a page says again what one before it has said"
        after = page.next
        if after is None:
            return seen


def ordered() -> None:
    """Users whose ids, ages and names are each in an order of their own; of two nobody knows the age."""
    told(
        created("u1", username="cem", created_at=NOON),
        created("u2", username="Ann", created_at=NOON + timedelta(hours=1)),
        created("u3", username="BOB", email="bob@example.org", created_at=NOON - timedelta(hours=1)),
        created("u4", username="bob", email="bob@example.org", created_at=NOON),
        created("u5", username="Bobby", created_at=NOON + timedelta(hours=2)),
        profile("u6", username="Ännchen"),
        profile("u7", username="anna"),
        created("u8", username="Aaron", created_at=NOON + timedelta(hours=3)),
        deleted("u8"),
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize(
    ("order", "listed"),
    [
        ("id", ["u1", "u2", "u3", "u4", "u5", "u6", "u7"]),
        ("newest", ["u5", "u2", "u4", "u1", "u3", "u7", "u6"]),
    ],
)
def test_users_are_listed_by_id_or_age_page_by_page(order, listed, limit):
    ordered()
    assert pages(order=order, limit=limit) == listed
    assert pages(order=order, limit=limit, status="inactive") == []


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_users_are_listed_by_name_in_any_case(limit):
    ordered()
    listed = pages(order="name", limit=limit, search="")
    # Where a letter with an accent stands is for the database's locale to say
    assert [user_id for user_id in listed if user_id != "u6"] == ["u2", "u7", "u3", "u4", "u5", "u1"]
    assert "u6" in listed


def test_who_has_no_user_name_is_listed_by_what_else_there_is():
    told(created("u1", username="cem"), UserCreated(user_id="u2", email="bob@example.org", created_at=NOON))
    assert pages(order="name") == ["u2", "u1"]


@pytest.mark.parametrize("matches", [5_000, 2])
@pytest.mark.parametrize(
    ("order", "found"), [("id", ["u3", "u4", "u5"]), ("newest", ["u5", "u4", "u3"]), ("name", ["u3", "u4", "u5"])]
)
@pytest.mark.parametrize("term", ["bob", "bo"])
def test_a_search_is_listed_in_every_order_whether_few_or_many_match(monkeypatch, matches, order, found, term):
    monkeypatch.setattr("nova.services.identity.queries.MAX_MATCHES", matches)
    ordered()
    assert pages(search=term, order=order, limit=2) == found
    assert pages(search=term, order=order, limit=2, status="inactive") == []


def test_the_longest_names_are_kept_and_listed():
    # As folded this is 18 times as long, and would be too long for an index
    told(created("u1", username="\ufdfa" * 255), created("u2", username="\U0001f600" * 255))
    assert sorted(pages(order="name", limit=1)) == ["u1", "u2"]


def test_an_order_that_is_none_is_refused():
    with pytest.raises(InvalidParameter, match="order"):
        list_users(order="oldest")


@pytest.mark.parametrize("order", ["newest", "name"])
@pytest.mark.parametrize("cursor", ["", "??", "e30", "MQ", "InUxIg", "WyJcdTAwMDAiLCAidSJd", "WzEsIDJd"])
def test_a_cursor_of_another_order_is_refused(order, cursor):
    ordered()
    with pytest.raises(InvalidParameter, match="after"):
        list_users(order=order, after=cursor)


@pytest.mark.parametrize(("order", "index"), [("newest", "users_read_newest"), ("name", "users_read_by_name")])
def test_pages_in_other_orders_are_read_from_an_index_and_not_sorted(order, index):
    ordered()
    after = list_users(order=order, limit=2).next
    with CaptureQueriesContext(connection) as asked:
        list_users(order=order, after=after, limit=2)
    with transaction.atomic(), connection.cursor() as cursor:
        for method in ("seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{method} = off")
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan
    assert "Sort" not in plan
    assert "Index Cond" in plan


def _email(address: str) -> FieldChange:
    return FieldChange(field="email", new=address)
