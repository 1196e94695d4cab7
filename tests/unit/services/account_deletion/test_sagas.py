"""The deletion of an account: time for second thoughts, then the account, then everything that was the user's."""

from datetime import timedelta

import pytest

from events.testing import AT, ID, given
from nova.services.account_deletion.sagas import account_deletion
from nova.services.content.events import ContentErasureRequested
from nova.services.feed.events import FeedErasureRequested
from nova.services.identity.aggregates import (
    ChangeEmail,
    CloseAccount,
    DeactivateUser,
    RequestDeletion,
    WithdrawDeletion,
)
from nova.services.identity.events import (
    IdentityUserDeleted,
    UserClosed,
    UserClosingRefused,
    UserClosingRequested,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserDeletionRequested,
    UserDeletionWithdrawn,
)
from nova.services.media.events import MediaErasureRequested
from nova.services.messages.events import MessagesErasureRequested
from nova.services.search.events import SearchErasureRequested
from sagas.explorer.explore import explore
from sagas.testing import Story, begin
from tests.support.deletion_world import A_DELETION, A_WITHDRAWAL, DELETION, ERASURES, REQUESTED, WITHDRAWN

ASKED = UserClosingRequested(user_id="ann", deletion_id="d")
CLOSED = UserClosed(user_id="ann", deletion_id="d")
REFUSED = UserClosingRefused(user_id="ann", deletion_id="d", code="deletion_not_requested", reason="not wanted")
REQUESTS = (
    ContentErasureRequested(deletion_id="d", user_id="ann"),
    MediaErasureRequested(deletion_id="d", user_id="ann"),
    MessagesErasureRequested(deletion_id="d", user_id="ann"),
    FeedErasureRequested(deletion_id="d", user_id="ann"),
    SearchErasureRequested(deletion_id="d", user_id="ann"),
)
ANSWERS = tuple(erased(deletion_id="d", user_id="ann", removed=1) for erased in ERASURES.values())


def after_the_grace() -> Story:
    return begin(DELETION, REQUESTED).asks().stands("waiting").after(days=7)


def closed() -> Story:
    return after_the_grace().when(CLOSED)


def test_an_account_is_deleted_after_the_time_for_second_thoughts():
    story = after_the_grace().asks(ASKED)

    story.when(CLOSED).asks(*REQUESTS)
    for answer in ANSWERS:
        story.stands("running").when(answer).asks()
    story.stands("completed")


def test_nothing_is_asked_for_before_that():
    begin(DELETION, REQUESTED).after(days=6, hours=23).asks().stands("waiting")


def test_without_a_time_for_second_thoughts_it_begins_at_once():
    begin(account_deletion(grace=timedelta(0)), REQUESTED).after(seconds=0).asks(ASKED)


def test_who_withdraws_keeps_everything():
    story = begin(DELETION, REQUESTED).after(days=3).when(WITHDRAWN)

    story.asks().stands("compensated", close="pending", content="pending")
    assert story.instance.failure == "second-thoughts: the user keeps the account"
    story.after(days=30).asks()


def test_a_withdrawal_that_is_heard_of_before_the_request_counts():
    begin(DELETION, WITHDRAWN).stands("unstarted").when(REQUESTED).asks().stands("compensated")


def test_an_account_that_is_not_to_be_closed_any_more_is_kept():
    after_the_grace().when(REFUSED).asks().stands("compensated", close="refused", content="pending")


def test_whether_the_account_was_closed_is_asked_again_and_then_an_operators_question():
    story = after_the_grace()
    for _ in range(5):
        story.after(minutes=5).asks(ASKED)
    story.after(minutes=5).asks().stands("awaiting_operator", close="uncertain")

    story.when(CLOSED).asks(*REQUESTS).stands("running")


@pytest.mark.parametrize(("number", "name"), list(enumerate(["content", "media", "messages", "feed", "search"])))
def test_a_service_that_does_not_answer_is_asked_again_and_nothing_is_undone(number, name):
    story = closed()
    for answer in (*ANSWERS[:number], *ANSWERS[number + 1 :]):
        story.when(answer)
    for _ in range(5):
        story.after(hours=1).asks(REQUESTS[number])
    story.after(hours=1).asks().stands("awaiting_operator", **{name: "uncertain"})

    story.when(ANSWERS[number]).stands("completed")


def test_the_same_answer_twice_changes_nothing():
    story = closed().when(ANSWERS[0])

    assert story.when(ANSWERS[0]).ignored == "step content is done"
    story.asks().stands("running", content="done")


def test_a_user_may_ask_for_it_again_after_having_withdrawn():
    again = UserDeletionRequested(user_id="ann", deletion_id="another", requested_at=AT)

    assert begin(DELETION, again).instance.saga_id != begin(DELETION, REQUESTED).instance.saga_id


class TestTheAccount:
    """What the account itself makes of it."""

    CREATED = UserCreated(user_id=ID, email="ann@example.org", username="Ann", created_at=AT)
    BEGUN = UserDeletionRequested(user_id=ID, deletion_id="00000000-0000-7000-8000-000000000001", requested_at=AT)
    KEPT = UserDeletionWithdrawn(user_id=ID, deletion_id=BEGUN.deletion_id, withdrawn_at=AT)
    ERASED = IdentityUserDeleted(user_id=ID, deleted_at=AT, soft_delete=False)
    CLOSE = CloseAccount(deletion_id=BEGUN.deletion_id)

    def test_it_is_closed_for_good_when_that_is_wanted(self):
        given(self.CREATED).when(RequestDeletion()).then(self.BEGUN)
        given(self.CREATED, self.BEGUN).when(self.CLOSE).then(self.ERASED).then_state(status="deleted", email="")

    def test_it_can_be_used_until_then(self):
        given(self.CREATED, self.BEGUN).when(ChangeEmail(email="a@b.org")).then_state(email="a@b.org")
        given(self.CREATED, self.BEGUN).when(DeactivateUser()).then_state(status="inactive")

    def test_who_withdraws_first_keeps_it(self):
        given(self.CREATED, self.BEGUN).when(WithdrawDeletion()).then(self.KEPT)
        given(self.CREATED, self.BEGUN, self.KEPT).when(self.CLOSE).then_refused("deletion_not_requested")

    def test_who_withdraws_too_late_is_told_so(self):
        given(self.CREATED, self.BEGUN, self.ERASED).when(WithdrawDeletion()).then_refused("user_not_active")

    def test_what_is_so_already_brings_nothing_about(self):
        given(self.CREATED, self.BEGUN).when(RequestDeletion()).then()
        given(self.CREATED).when(WithdrawDeletion()).then()
        given(self.CREATED, self.BEGUN, self.ERASED).when(self.CLOSE).then()

    def test_a_closing_of_another_wish_is_refused(self):
        other = UserDeletionRequested(user_id=ID, deletion_id="another", requested_at=AT)
        given(self.CREATED, self.BEGUN, self.KEPT, other).when(self.CLOSE).then_refused("deletion_not_requested")

    @pytest.mark.parametrize(
        "before", [UserDeactivated(user_id=ID, deactivated_at=AT), UserDeleted(user_id=ID, deleted_at=AT)]
    )
    def test_one_that_is_closed_but_not_for_good_can_be_deleted_too(self, before):
        given(self.CREATED, before).when(RequestDeletion()).then(self.BEGUN)
        given(self.CREATED, self.BEGUN, before).when(self.CLOSE).then(self.ERASED)

    def test_there_is_none_to_delete_of_somebody_unknown(self):
        for command in (RequestDeletion(), WithdrawDeletion(), self.CLOSE):
            given().when(command).then_refused("user_not_active")
        given(self.CREATED, self.ERASED).when(RequestDeletion()).then_refused("user_not_active")


SCENARIOS = pytest.mark.parametrize(
    ("name", "scenario"), [("A_DELETION", A_DELETION), ("A_WITHDRAWAL", A_WITHDRAWAL)], ids=["deletion", "withdrawal"]
)


@SCENARIOS
def test_no_schedule_erases_too_early_or_leaves_something(name, scenario):
    assert explore(scenario, schedules=300, name=name) > 150


@pytest.mark.slow
@SCENARIOS
def test_ten_thousand_schedules_erase_nothing_too_early_and_leave_nothing(name, scenario):
    assert explore(scenario, schedules=10_000, name=name) > 5_000
