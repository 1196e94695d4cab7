"""Search handlers: the group `search-service` keeps the words of posts, of users' names, and of messages (`messages`).

Each document takes what it is told whenever that comes: later words win over earlier ones by the event's own time, and
a removal is final.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kit.postgresql.many import Statements
from nova.services.content.events import ContentPostCreated, ContentPostDeleted, ContentPostStatusUpdated
from nova.services.erasure.erasing import erase_page
from nova.services.identity.events import (
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserNameChanged,
    UserUpdated,
)
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)
from nova.services.search.events import SearchErased, SearchErasureRequested
from nova.services.search.messages import keep_conversation, keep_messages
from nova.services.search.models import SearchDocument
from nova.services.search.service import SERVICE
from nova.services.search.sql.statements import statement
from nova.services.text_folding import fold
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent, handles
from projections.api import UnexpectedPayload

Kind = SearchDocument.Kind
MAX_NAME = 255
"""Changed fields may say anything; names are cut as the list of users cuts them."""


@handles(
    ContentPostCreated,
    ContentPostStatusUpdated,
    ContentPostDeleted,
    group=SERVICE.name,
    name="search-posts",
    batch=True,
    repeatable=True,
)
def index_posts(events: Sequence[ReceivedEvent]) -> None:
    """A post is found by its caption while it is published."""
    changes = Statements()
    for event in events:
        match event.payload:
            case ContentPostCreated() as post:
                is_hidden = post.status != "published"
                _set_text(changes, Kind.POST, post.post_id, post.caption, post.created_at, is_hidden=is_hidden)
            case ContentPostStatusUpdated() as post:
                is_hidden = post.new_status != "published"
                _add(changes, "hidden", Kind.POST, post.post_id, post.updated_at, is_hidden=is_hidden)
            case ContentPostDeleted() as post:
                _add(changes, "removed", Kind.POST, post.post_id, post.deleted_at)
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    changes.run()


@handles(
    *(IdentityUserCreated, IdentityUserProfileUpdated, IdentityUserDeleted),
    *(UserCreated, UserUpdated, UserNameChanged, UserDeactivated, UserDeleted),
    group=SERVICE.name,
    name="search-users",
    batch=True,
    repeatable=True,
)
def index_users(events: Sequence[ReceivedEvent]) -> None:
    """A user is found by user name and display name. The e-mail is nobody's search term here.

    A name that changed alone is the whole text until the next profile: display names come with the profile only.
    """
    changes = Statements()
    for event in events:
        match event.payload:
            case IdentityUserCreated() | UserCreated() as user:
                _set_text(changes, Kind.USER, user.user_id, user.username or "", user.created_at)
            case IdentityUserProfileUpdated() as profile:
                text = f"{profile.username} {profile.display_name or ''}".strip()
                _set_text(changes, Kind.USER, profile.user_id, text, profile.updated_at)
            case UserNameChanged() as change:
                _set_text(changes, Kind.USER, change.user_id, change.new_name, event.timestamp)
            case UserUpdated(user_id=user_id, changes=fields):
                for name in (one.new for one in fields if one.field == "username" and isinstance(one.new, str)):
                    _set_text(changes, Kind.USER, user_id, name[:MAX_NAME], event.timestamp)
            case UserDeactivated() as user:
                _add(changes, "hidden", Kind.USER, user.user_id, user.deactivated_at, is_hidden=True)
            case IdentityUserDeleted() | UserDeleted() as user:
                _add(changes, "removed", Kind.USER, user.user_id, user.deleted_at)
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    changes.run()


@handles(
    ConversationOpened, ConversationSearchSwitched, group=SERVICE.name, name="search-conversations", repeatable=True
)
def follow_conversations(event: ReceivedEvent) -> None:
    """Whether messages may be searched."""
    keep_conversation(event)


@handles(MessagePersisted, MessageDeleted, group=SERVICE.name, name="search-messages", batch=True, repeatable=True)
def index_messages(events: Sequence[ReceivedEvent]) -> None:
    """A message is found by its text where its conversation may be searched."""
    keep_messages(events)


@handles(SearchErasureRequested, group=SERVICE.name, name="search-erasure", repeatable=True)
def erase_from_search(event: ReceivedEvent) -> None:
    """Find a user no longer. The words of posts go with the posts' own events."""
    erase_page(event, remove=_forget, erased=SearchErased, stream="search_erasure")


def _forget(event: ReceivedEvent, user_id: str, _: int) -> int:
    changes = Statements()
    _add(changes, "removed", Kind.USER, user_id, event.timestamp)
    changes.run()
    return 1


def _set_text(
    changes: Statements, kind: Kind, document_id: str, text: str, timestamp: datetime, *, is_hidden: bool = False
) -> None:
    _add(changes, "text", kind, document_id, timestamp, text=text, folded=fold(text), is_hidden=is_hidden)


def _add(changes: Statements, name: str, kind: Kind, document_id: str, timestamp: datetime, **parameters: Any) -> None:
    parameters |= {"kind": kind.value, "document_id": document_id, "timestamp": utc(timestamp)}
    changes.add(statement(name), document_id, **parameters)
