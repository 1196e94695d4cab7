"""Index of messages: the text of a message can be found only where its conversation's search is on, and never where the
conversation is encrypted from end to end.

What an event carries is no proof of that: events may be appended by hand, or come from another service. So a text that
comes is kept beside the index until its conversation is known, and enters the index only by `texts_follow`, which knows
the rule. Events of conversations and of messages come by different topics, in any order, to different transactions:
whoever keeps messages shares their conversations, and whoever changes a conversation has it alone, so that no text is
judged by what its conversation was.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from kit.postgresql.many import Statements
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)
from nova.services.search.sql.statements import statement
from nova.services.text_folding import fold
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent, have_effect
from projections.api import UnexpectedPayload


def keep_conversation(event: ReceivedEvent) -> None:
    """Take what the event says of its conversation, and let the texts of its messages follow."""
    match event.payload:
        case ConversationOpened(conversation_id=conversation_id) as opened:
            is_encrypted: bool | None = opened.end_to_end_encrypted
            is_enabled = opened.search_enabled and not opened.end_to_end_encrypted
        case ConversationSearchSwitched(conversation_id=conversation_id, enabled=is_enabled):
            is_encrypted = None
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    have_effect(lambda: _execute("take_conversation", conversation_id=conversation_id))
    _execute(
        "conversation",
        conversation_id=conversation_id,
        is_encrypted=is_encrypted,
        is_enabled=is_enabled,
        timestamp=utc(event.timestamp),
    )
    _execute("texts_follow", conversation_ids=[conversation_id], message_ids=None)


def keep_messages(events: Sequence[ReceivedEvent]) -> None:
    """Keep and remove messages."""
    concerned = sorted({_message_of(event) for event in events})
    conversation_ids = sorted({conversation_id for conversation_id, _ in concerned})
    have_effect(lambda: _execute("share_conversations", conversation_ids=conversation_ids))
    changes = Statements()
    for event in events:
        _keep_message(changes, event)
    changes.run()
    message_ids = [message_id for _, message_id in concerned]
    _execute("texts_follow", conversation_ids=conversation_ids, message_ids=message_ids)


def _keep_message(changes: Statements, event: ReceivedEvent) -> None:
    match event.payload:
        case MessagePersisted() as message:
            text = message.content or ""
            changes.add(
                statement("message"),
                message.conversation_id,
                message.message_id,
                conversation_id=message.conversation_id,
                message_id=message.message_id,
                sender_id=message.sender_id,
                created_at=utc(message.created_at),
                sent_at=utc(event.timestamp),
                text=text,
                folded=fold(text),
            )
        case MessageDeleted() as message:
            changes.add(
                statement("message_removed"),
                message.conversation_id,
                message.message_id,
                conversation_id=message.conversation_id,
                message_id=message.message_id,
                removed_at=utc(message.deleted_at),
            )


def _message_of(event: ReceivedEvent) -> tuple[str, str]:
    match event.payload:
        case MessagePersisted() | MessageDeleted() as message:
            return message.conversation_id, message.message_id
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
