"""Account deletion: a user who wants to go is gone after a time for second thoughts, with all that was the user's.

    user.deletion_requested ─▶ second thoughts ─▶ close (pivot) ─▶ content | media | messages | feed | search

Until the account is closed nothing is done: it stays as it is and can be used, so whoever withdraws finds everything in
its place, and nothing has to be undone. Whether somebody has withdrawn in time, the account decides when it is to be
closed. From then on it goes forward only, and what the services have is removed page by page.
"""

from datetime import timedelta

from msgspec import Struct

from kit.settings import sound
from nova.services.account_deletion.conf import AccountDeletionConf
from nova.services.account_deletion.service import SERVICE
from nova.services.content.events import ContentErased, ContentErasureRequested
from nova.services.erasure.events import Erased, ErasureRequest
from nova.services.feed.events import FeedErased, FeedErasureRequested
from nova.services.identity.events import (
    UserClosed,
    UserClosingRefused,
    UserClosingRequested,
    UserDeletionRequested,
    UserDeletionWithdrawn,
)
from nova.services.media.events import MediaErased, MediaErasureRequested
from nova.services.messages.events import MessagesErased, MessagesErasureRequested
from nova.services.search.events import SearchErased, SearchErasureRequested
from sagas.api import Kind, Parallel, Request, RetryPolicy, Saga, Start, Step, done, refused, register_saga

REPLY_TIMEOUT = timedelta(minutes=5)
ERASURE_TIMEOUT = timedelta(hours=1)
"""For everything that one service has: it may be very much."""


class Deletion(Struct, frozen=True, kw_only=True):
    """What is known of the deletion of an account."""

    deletion_id: str
    user_id: str


def _begun(requested: UserDeletionRequested) -> Deletion:
    return Deletion(deletion_id=requested.deletion_id, user_id=requested.user_id)


def _second_thoughts(grace: timedelta) -> Step:
    return Step(
        name="second-thoughts",
        replies=(refused(UserDeletionWithdrawn, lambda _: "the user keeps the account"),),
        deadline=grace,
        otherwise=lambda deletion: deletion,
    )


CLOSE = Step(
    name="close",
    kind=Kind.PIVOT,
    request=Request(
        event=UserClosingRequested,
        make=lambda data, _: UserClosingRequested(user_id=data.user_id, deletion_id=data.deletion_id),
    ),
    replies=(done(UserClosed), refused(UserClosingRefused, lambda found: found.reason)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5),
)


def _erasure(name: str, request: type[ErasureRequest], erased: type[Erased]) -> Step:
    return Step(
        name=name,
        kind=Kind.RETRIABLE,
        request=Request(
            event=request, make=lambda data, _: request(deletion_id=data.deletion_id, user_id=data.user_id)
        ),
        replies=(done(erased),),
        deadline=ERASURE_TIMEOUT,
        retry=RetryPolicy(limit=5),
    )


ERASE = Parallel(
    (
        _erasure("content", ContentErasureRequested, ContentErased),
        _erasure("media", MediaErasureRequested, MediaErased),
        _erasure("messages", MessagesErasureRequested, MessagesErased),
        _erasure("feed", FeedErasureRequested, FeedErased),
        _erasure("search", SearchErasureRequested, SearchErased),
    )
)


def account_deletion(*, grace: timedelta) -> Saga:
    """The saga, with so much time for second thoughts."""
    return Saga(
        name="account-deletion",
        data=Deletion,
        key="deletion_id",
        starts=(Start(event=UserDeletionRequested, data=_begun),),
        stages=(_second_thoughts(grace), CLOSE, ERASE),
        stream="account_deletion",
    )


# A setting that is refused stops the start later, with the words of its check.
ACCOUNT_DELETION = register_saga(
    account_deletion(grace=timedelta(days=sound(AccountDeletionConf).grace_days)), group=SERVICE.name
)
