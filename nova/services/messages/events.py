"""Events of conversations and their messages."""

from msgspec import Struct

from events.api import Topic, event
from nova.services.erasure.events import ACCOUNT_DELETION, Erased, ErasureRequest
from nova.services.field_types import Id, Text, Timestamp

OWNER = "messaging-service"
MESSAGES = Topic(name="nova.message.events", partitions=3, setting="KAFKA_MESSAGE_EVENTS_TOPIC", families=("message",))
CONVERSATIONS = Topic(name="{prefix}.conversation.events")


@event("conversation.opened", owner=OWNER, topic=CONVERSATIONS, key="conversation_id")
class ConversationOpened(Struct, frozen=True, kw_only=True):
    """People began to talk."""

    conversation_id: Id
    opened_by: Id
    end_to_end_encrypted: bool
    search_enabled: bool
    opened_at: Timestamp


@event("conversation.search_switched", owner=OWNER, topic=CONVERSATIONS, key="conversation_id")
class ConversationSearchSwitched(Struct, frozen=True, kw_only=True):
    """From now on messages can be searched, or no longer."""

    conversation_id: Id
    enabled: bool


@event(
    "message.persisted",
    owner=OWNER,
    topic=MESSAGES,
    key="conversation_id",
    aliases=("MessagePersistedEvent",),
    legacy_topics=("message_persisted",),
)
class MessagePersisted(Struct, frozen=True, kw_only=True):
    """A message was kept."""

    message_id: Id
    conversation_id: Id
    sender_id: Id
    created_at: Timestamp
    content: Text | None = None
    """Plain text, only where search is enabled."""


@event(
    "message.deleted",
    owner=OWNER,
    topic=MESSAGES,
    key="conversation_id",
    aliases=("MessageDeletedEvent",),
    legacy_topics=("message_deleted",),
)
class MessageDeleted(Struct, frozen=True, kw_only=True):
    """A message is gone."""

    message_id: Id
    conversation_id: Id
    deleted_at: Timestamp


@event("message.erasure_requested", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class MessagesErasureRequested(ErasureRequest, frozen=True, kw_only=True):
    """Somebody asks to remove all messages that a user has sent; the answer is `message.erased`."""


@event("message.erased", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class MessagesErased(Erased, frozen=True, kw_only=True):
    """No message that the user has sent is left; the conversations are, for the others."""
