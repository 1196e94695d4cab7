"""An e-mail address belongs to one account; its row is written with the event that says so, or neither is (A8)."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from events.api import (
    AggregateNotFound,
    CommandRefused,
    Expected,
    NewEvent,
    StreamId,
    append_events,
    execute,
    get_events,
    load_aggregate,
    uuid7,
)
from events.commands import execution
from events.commands.dry_run import dry_run
from nova.services.identity.accounts import EmailTaken
from nova.services.identity.aggregates import USER, ChangeEmail, ChangeName, CreateUser, DeactivateUser
from nova.services.identity.events import IdentityUserDeleted, UserDeleted
from nova.services.identity.models import UserAccount
from nova.services.identity.projections import PROJECTION
from tests.support.database import rows, scalar
from tests.support.threads import THREADS, in_threads

ANN = CreateUser(email="ann@example.org", name="Ann")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def accounts() -> dict[str, str]:
    return dict(UserAccount.objects.values_list("user_id", "address"))


def written() -> Any:
    return scalar("SELECT count(*) FROM domain_events")


@pytest.mark.usefixtures("redis_url", "db")
class TestOne:
    """One command at a time."""

    def test_a_user_is_created_with_an_account(self) -> None:
        execute("u1", CreateUser(email="Ann@Example.org", name="Ann"))
        assert accounts() == {"u1": "ann@example.org"}
        assert load_aggregate(USER, "u1").state.email == "Ann@Example.org"

    def test_what_is_rolled_back_leaves_neither(self) -> None:
        with pytest.raises(LookupError), transaction.atomic():
            execute("u1", ANN)
            raise LookupError
        assert (accounts(), written()) == ({}, 0)

    @pytest.mark.parametrize("email", ["ann@example.org", "ANN@example.ORG"])
    def test_an_address_that_is_taken_is_refused_and_nothing_is_written(self, email: str) -> None:
        execute("u1", ANN)
        with pytest.raises(EmailTaken, match="belongs to another account") as refused:
            execute("u2", CreateUser(email=email, name="Ann"))
        assert isinstance(refused.value, CommandRefused)
        assert (accounts(), written()) == ({"u1": "ann@example.org"}, 1)
        assert not get_events(StreamId("user", "u2"))

    def test_an_open_transaction_goes_on_after_the_refusal(self) -> None:
        execute("u1", ANN)
        with transaction.atomic():
            with pytest.raises(EmailTaken):
                execute("u2", ANN)
            execute("u2", CreateUser(email="bob@example.org", name="Bob"))
        assert accounts() == {"u1": "ann@example.org", "u2": "bob@example.org"}

    def test_an_append_that_fails_takes_the_row_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_: Any, **__: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr(execution, "append_events", away)
        with pytest.raises(ConnectionError):
            execute("u1", ANN)
        assert accounts() == {}

    def test_a_dry_run_tells_of_it_and_takes_no_address(self) -> None:
        dry_run("u1", ANN)
        assert accounts() == {}
        execute("u1", ANN)
        with pytest.raises(EmailTaken):
            dry_run("u2", ANN)
        assert accounts() == {"u1": "ann@example.org"}

    def test_an_address_that_was_given_up_is_free(self) -> None:
        execute("u1", ANN)
        execute("u1", ChangeEmail(email="new@example.org"))
        execute("u2", ANN)
        assert accounts() == {"u1": "new@example.org", "u2": "ann@example.org"}
        with pytest.raises(EmailTaken):
            execute("u1", ChangeEmail(email="ann@example.org"))
        assert load_aggregate(USER, "u1").state.email == "new@example.org"

    def test_what_has_no_address_in_it_leaves_the_account_alone(self) -> None:
        execute("u1", ANN)
        execute("u1", ChangeName(name="Annie"))
        execute("u1", DeactivateUser())
        assert accounts() == {"u1": "ann@example.org"}

    def test_a_repetition_gets_the_first_answer_and_moves_no_account(self) -> None:
        moved = uuid7()
        execute("u1", ANN)
        first = execute("u1", ChangeEmail(email="b@example.org"), command_id=moved)
        execute("u1", ChangeEmail(email="c@example.org"))

        again = execute("u1", ChangeEmail(email="b@example.org"), command_id=moved)
        assert (again.replayed, again.event_ids) == (True, first.event_ids)
        assert accounts() == {"u1": "c@example.org"}

        execute("u2", CreateUser(email="b@example.org", name="Bob"))
        again = execute("u1", ChangeEmail(email="b@example.org"), command_id=moved)
        assert (again.replayed, again.event_ids) == (True, first.event_ids)
        assert accounts() == {"u1": "c@example.org", "u2": "b@example.org"}

    def test_a_repetition_word_for_word_moves_no_account_either(self) -> None:
        moved, at = uuid7(), datetime.now(UTC)
        execute("u1", ANN)
        first = execute("u1", ChangeEmail(email="b@example.org"), command_id=moved, at=at)
        execute("u1", ChangeEmail(email="ann@example.org"))

        again = execute("u1", ChangeEmail(email="b@example.org"), command_id=moved, at=at)
        assert (again.replayed, again.event_ids) == (True, first.event_ids)
        assert accounts() == {"u1": "ann@example.org"}

    def test_a_command_to_nobody_takes_no_address(self) -> None:
        with pytest.raises(AggregateNotFound):
            execute("u1", ChangeEmail(email="ann@example.org"))
        assert accounts() == {}

    @pytest.mark.parametrize(
        "deleted",
        [
            UserDeleted(user_id="u1", deleted_at=NOW),
            IdentityUserDeleted(user_id="u1", deleted_at=NOW, soft_delete=False),
        ],
    )
    def test_an_address_is_free_once_its_user_is_deleted(self, deleted: Any) -> None:
        execute("u1", ANN)
        execute("u2", CreateUser(email="bob@example.org", name="Bob"))
        append_events(StreamId("user", "u1"), Expected.ANY, [NewEvent(payload=deleted)])
        history = get_events(StreamId("user", "u1"))
        PROJECTION.apply_batch(history)
        PROJECTION.on_applied(history)
        assert accounts() == {"u2": "bob@example.org"}
        execute("u3", ANN)
        assert accounts()["u3"] == "ann@example.org"


@pytest.mark.usefixtures("committed_db", "redis_url")
def test_of_all_who_want_one_address_at_the_same_moment_one_gets_it() -> None:
    def create(number: int) -> None:
        with suppress(EmailTaken):
            execute(f"u{number}", ANN)

    in_threads(create)
    events = rows("SELECT aggregate_id FROM domain_events WHERE event_type = 'user.created'")
    assert [(user_id,) for user_id in accounts()] == events
    assert len(events) == 1


@pytest.mark.usefixtures("committed_db", "redis_url")
def test_one_command_sent_by_all_creates_one_user() -> None:
    command_id = uuid7()
    answers = in_threads(lambda _: execute("u1", ANN, command_id=command_id))
    assert {answer.version for answer in answers} == {1}
    assert sum(not answer.replayed for answer in answers) == 1
    assert accounts() == {"u1": "ann@example.org"}
    assert len(answers) == THREADS
