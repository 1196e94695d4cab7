"""The world around the deletion of an account: the account with its own rules, and five services that keep things."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.api import CommandRefused, Issued
from events.testing import AT
from nova.services.account_deletion.sagas import account_deletion
from nova.services.content.events import ContentErased, ContentErasureRequested
from nova.services.erasure.events import Erased, ErasureRequest
from nova.services.feed.events import FeedErased, FeedErasureRequested
from nova.services.identity.aggregates import USER, CloseAccount
from nova.services.identity.events import (
    UserClosed,
    UserClosingRefused,
    UserClosingRequested,
    UserCreated,
    UserDeletionRequested,
    UserDeletionWithdrawn,
)
from nova.services.media.events import MediaErased, MediaErasureRequested
from nova.services.messages.events import MessagesErased, MessagesErasureRequested
from nova.services.search.events import SearchErased, SearchErasureRequested
from sagas.explorer.scenario import Scenario
from sagas.machine.instance import Instance, Status

GRACE = timedelta(days=7)
ISSUED = Issued(aggregate_id="ann", command_id=UUID(int=1), at=AT, user_id=None)
CREATED = UserCreated(user_id="ann", email="ann@example.org", username="Ann", created_at=AT)
REQUESTED = UserDeletionRequested(user_id="ann", deletion_id="d", requested_at=AT)
WITHDRAWN = UserDeletionWithdrawn(user_id="ann", deletion_id="d", withdrawn_at=AT)
ERASURES: dict[type[ErasureRequest], type[Erased]] = {
    ContentErasureRequested: ContentErased,
    MediaErasureRequested: MediaErased,
    MessagesErasureRequested: MessagesErased,
    FeedErasureRequested: FeedErased,
    SearchErasureRequested: SearchErased,
}
DELETION = account_deletion(grace=GRACE)


class Account:
    """The user's account, which may have heard of a withdrawal already."""

    requests = (UserClosingRequested,)

    def __init__(self, *happened: Struct) -> None:
        self.state = USER.fold(USER.initial, happened)

    @property
    def is_open(self) -> bool:
        return not self.state.is_erased

    def answer(self, request: Any, choose: Any) -> Struct:
        try:
            events = USER.decide(self.state, CloseAccount(deletion_id=request.deletion_id), ISSUED)
        except CommandRefused as refusal:
            return UserClosingRefused(user_id="ann", deletion_id="d", code=refusal.code, reason=str(refusal))
        self.state = USER.fold(self.state, events)
        return UserClosed(user_id="ann", deletion_id="d")


class Owner:
    """A service with three things of the user's; it may fail to answer, having removed some of them."""

    def __init__(self, request: type[ErasureRequest], account: Account) -> None:
        self.requests = (request,)
        self.left = 3
        self.account = account
        self.too_early = False

    def answer(self, request: Any, choose: Any) -> Struct | None:
        self.too_early = self.too_early or self.account.is_open
        removed = 1 if choose(4) == 1 else self.left
        self.left -= min(removed, self.left)
        if self.left:
            return None
        return ERASURES[type(request)](deletion_id="d", user_id="ann", removed=removed)


def world(*happened: Struct) -> Sequence[Any]:
    """The account to which that has happened, and the services."""
    account = Account(CREATED, *happened)
    return (account, *(Owner(request, account) for request in ERASURES))


def violation(instance: Instance, participants: Sequence[Any]) -> str:
    """Something is erased of an account that is open, or is left of one that is deleted."""
    account, *owners = participants
    left = [owner.left for owner in owners]
    if any(owner.too_early for owner in owners):
        return "something is erased while the account is open"
    if instance.status is Status.COMPLETED and (account.is_open or any(left)):
        return f"it is deleted, and the account is {account.state.status}, with {left} left"
    if instance.status is Status.COMPENSATED and (not account.is_open or left != [3] * len(owners)):
        return f"the account is kept, and is {account.state.status}, with {left} left"
    return ""


def kept(instance: Instance, participants: Sequence[Any]) -> str:
    """The same, and whoever has withdrawn keeps everything."""
    wrong = violation(instance, participants)
    return wrong or ("" if participants[0].is_open else "the user has withdrawn, and the account is closed")


A_DELETION = Scenario(saga=DELETION, events=(REQUESTED,), participants=lambda: world(REQUESTED), violation=violation)
A_WITHDRAWAL = Scenario(
    saga=DELETION, events=(REQUESTED, WITHDRAWN), participants=lambda: world(REQUESTED, WITHDRAWN), violation=kept
)
