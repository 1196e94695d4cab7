"""A projection's tables are compared with a fold of the log, and the first difference is named; nothing is changed."""

import threading
from collections.abc import Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.envelope import RecordedEvent
from nova.services.identity.models import User, UserAccount
from nova.services.identity.projections import UsersProjection
from projections.definition.policy import OnError, Policy
from projections.definition.projection import Projection
from projections.exceptions import CannotVerify
from projections.models import ParkedAggregate, ProjectionCheckpoint
from projections.verification.verify import verify
from tests.support.projections import NOON, catch_up, created, deleted, profile, record, stored_users

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def users() -> UsersProjection:
    for name in ("ann", "bob", "cem"):
        record(created(name))
    record(profile("bob", display_name="Bob B."))
    record(deleted("cem"))
    projection = UsersProjection()
    catch_up(projection)
    return projection


def command(*words: str) -> str:
    out = StringIO()
    call_command("projections", *words, stdout=out)
    return out.getvalue()


def test_what_equals_the_log_passes_also_while_the_log_goes_on(users):
    assert verify(users) is None
    record(profile("ann", display_name="Ann, who is not projected yet"))
    assert verify(users) is None
    assert verify(users, sample=2) is None
    assert command("verify", "users") == "users is what the log says.\n"
    assert {"users is what the log says.", "search-documents is what the log says."} <= set(
        command("verify").splitlines()
    )


def test_a_projection_that_moves_meanwhile_is_compared_at_one_checkpoint(users):
    # Given an engine that goes on while tables are compared
    stop, verified = threading.Event(), 0

    def engine() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            record(profile("ann", display_name=f"Ann {number}"))
            catch_up(UsersProjection())
        connection.close()

    thread = threading.Thread(target=engine)
    thread.start()
    start = ProjectionCheckpoint.objects.get(name="users").position
    # When they are compared again and again
    try:
        while verified < 5:
            assert verify(users) is None
            verified += 1
    finally:
        stop.set()
        thread.join(30)
    # Then each time at a checkpoint of its own
    assert ProjectionCheckpoint.objects.get(name="users").position > start


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: User.objects.filter(pk="bob").update(display_name="x"), "users_read bob: display_name is 'x'"),
        (lambda: User.objects.filter(pk="bob").update(roles=["king"]), "users_read bob: roles is ['king']"),
        (lambda: User.objects.filter(pk="bob").delete(), "users_read bob: is not stored"),
        (lambda: User.objects.create(pk="zoe", updated_at=NOON), "users_read zoe: no event speaks of it"),
    ],
)
def test_the_first_difference_is_named_by_row_and_column(users, change, said):
    change()
    with pytest.raises(CommandError, match="users_read") as refused:
        command("verify", "users")
    assert said in str(refused.value)
    assert refused.value.returncode == 1
    with pytest.raises(CommandError, match="users_read") as refused:
        command("verify")
    assert said in str(refused.value)


def test_nothing_that_is_live_is_changed_nor_hidden_afterwards(users):
    UserAccount.objects.create(user_id="cem", address="cem@example.org")
    before = stored_users()
    verify(users)
    assert stored_users() == before
    assert UserAccount.objects.filter(user_id="cem").exists()
    record(profile("ann", display_name="Ann A."))
    catch_up(users)
    assert User.objects.get(pk="ann").display_name == "Ann A."
    assert verify(users) is None


def test_prepared_statements_mean_the_tables_that_the_names_mean(users):
    # Each statement of the projection has been prepared on this connection for the live tables, and again after each
    # verification, when there is a temporary schema already
    for _ in range(3):
        record(profile("ann"))
        catch_up(users)
        assert verify(users) is None
    User.objects.filter(pk="ann").update(follower_count=9)
    difference = verify(users)
    assert difference is not None
    assert (difference.key, difference.column, difference.stored, difference.folded) == ("ann", "follower_count", 9, 0)
    record(profile("ann"))
    catch_up(users)
    assert User.objects.get(pk="ann").follower_count == 0


class Meddling(UsersProjection):
    """Writes to a table that is not its own."""

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        super().apply_batch(events)
        UserAccount.objects.all().delete()


def test_a_write_to_any_other_table_is_refused_by_the_database(users):
    with pytest.raises(CannotVerify, match="on_applied"):
        verify(Meddling())
    assert User.objects.count() == 3


class Fragile(UsersProjection):
    """Parks whom it cannot take."""

    policy = Policy(on_error=OnError.PARK, retries=0)

    def apply_batch(self, events: Any) -> None:
        if any(event.aggregate_id == "bob" for event in events):
            raise ValueError("not bob")
        super().apply_batch(events)


def test_what_is_parked_is_missing_in_both(users):
    ProjectionCheckpoint.objects.all().delete()
    User.objects.all().delete()
    fragile = Fragile()
    catch_up(fragile)
    assert (ParkedAggregate.objects.get().aggregate_id, User.objects.count()) == ("bob", 2)
    assert verify(fragile) is None
    assert verify(users) is None


def test_code_that_fails_says_where(users):
    with pytest.raises(CannotVerify, match="not bob"):
        verify(Fragile())


def test_tables_of_other_code_cannot_be_verified(users):
    with pytest.raises(CannotVerify, match="version 1"):
        verify(type("Newer", (UsersProjection,), {"version": 2})())


class Keyless(UsersProjection):
    """Does not say which row an event changes."""

    key_of = Projection.key_of  # type: ignore[assignment]


def test_a_sample_needs_the_key_of_an_events_row(users):
    with pytest.raises(CannotVerify, match="verify all of it"):
        verify(Keyless(), sample=1)


def test_a_sample_finds_what_is_wrong_with_its_rows(users):
    User.objects.update(follower_count=5)
    difference = verify(users, sample=1)
    assert difference is not None
    assert difference.column == "follower_count"


def test_the_tables_of_a_verification_are_gone_with_it(users):
    verify(users)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = 'users_read'"
        )
        assert cursor.fetchone() == (0,)
