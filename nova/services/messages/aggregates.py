"""Conversation aggregate: what may happen in a conversation, and what is known of one afterwards.

The text of a message is part of its event only where the conversation's search is on: events are kept for ever and go
to every consumer. A conversation that is encrypted from end to end has no search, and plain text sent to it is refused
rather than dropped, because whoever sent it believes it to be secret.
"""

from typing import Literal

from msgspec import Struct, structs

from events.api import Aggregate, AggregateNotFound, Command, CommandRefused, Issued, StreamId, aggregates
from nova.services.field_types import Id, Text
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)
from nova.services.messages.layered_map import LayeredMap


class OpenConversation(Command, frozen=True, kw_only=True):
    """Begin to talk."""

    opened_by: Id
    end_to_end_encrypted: bool
    search_enabled: bool = False


class SwitchSearch(Command, frozen=True, kw_only=True):
    """Let messages be searched from now on, or no longer."""

    enabled: bool


class PersistMessage(Command, frozen=True, kw_only=True):
    """Keep a message. Its text is left out where search is off."""

    message_id: Id
    sender_id: Id
    content: Text | None = None


class DeleteMessage(Command, frozen=True, kw_only=True):
    """Remove a message."""

    message_id: Id


class ConversationAlreadyOpen(CommandRefused):
    """The id belongs to a conversation already."""

    code = "conversation_already_open"


class ConversationNotFound(AggregateNotFound, CommandRefused):
    """There is no such conversation."""

    code = "conversation_not_found"


class PlaintextForbidden(CommandRefused):
    """The conversation is encrypted from end to end: no plain text, no search."""

    code = "plaintext_forbidden"


class MessageAlreadyPersisted(CommandRefused):
    """The message is there, or was."""

    code = "message_already_persisted"


class MessageNotThere(CommandRefused):
    """There is no such message, or it was deleted."""

    code = "message_not_there"


class Conversation(Struct, frozen=True, kw_only=True):
    """What is known of a conversation."""

    status: Literal["none", "open"] = "none"
    end_to_end_encrypted: bool = False
    search_enabled: bool = False
    messages: LayeredMap = LayeredMap()
    """By id, whether the message is still there."""


def decide(state: Conversation, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    conversation_id = issued.aggregate_id
    if isinstance(command, OpenConversation):
        return _open(state, command, issued)
    if state.status == "none":
        raise ConversationNotFound(StreamId("conversation", conversation_id))
    match command:
        case SwitchSearch(enabled=enabled):
            if enabled and state.end_to_end_encrypted:
                raise PlaintextForbidden("a conversation encrypted from end to end cannot be searched")
            if enabled == state.search_enabled:
                return []
            return [ConversationSearchSwitched(conversation_id=conversation_id, enabled=enabled)]
        case PersistMessage(message_id=message_id, sender_id=sender_id, content=content):
            if state.end_to_end_encrypted and content is not None:
                raise PlaintextForbidden("a conversation encrypted from end to end takes no plain text")
            if state.messages.get(message_id) is not None:
                raise MessageAlreadyPersisted(f"message {message_id} is known")
            return [
                MessagePersisted(
                    message_id=message_id,
                    conversation_id=conversation_id,
                    sender_id=sender_id,
                    created_at=issued.at,
                    content=content if state.search_enabled else None,
                )
            ]
        case DeleteMessage(message_id=message_id):
            if not state.messages.get(message_id):
                raise MessageNotThere(f"there is no message {message_id}")
            return [MessageDeleted(message_id=message_id, conversation_id=conversation_id, deleted_at=issued.at)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a conversation")


def evolve(state: Conversation, payload: Struct) -> Conversation:
    """What is so after an event."""
    match payload:
        case ConversationOpened(end_to_end_encrypted=encrypted, search_enabled=enabled):
            return structs.replace(
                state, status="open", end_to_end_encrypted=encrypted, search_enabled=enabled and not encrypted
            )
        case ConversationSearchSwitched(enabled=enabled):
            return structs.replace(state, search_enabled=enabled and not state.end_to_end_encrypted)
        case MessagePersisted(message_id=message_id):
            if state.messages.get(message_id) is not None:
                return state
            return structs.replace(state, messages=state.messages.with_value(message_id, value=True))
        case MessageDeleted(message_id=message_id):
            return structs.replace(state, messages=state.messages.with_value(message_id, value=False))
        case _:
            return state


def _open(state: Conversation, command: OpenConversation, issued: Issued) -> list[Struct]:
    if state.status != "none":
        raise ConversationAlreadyOpen(f"conversation {issued.aggregate_id} is open")
    if command.end_to_end_encrypted and command.search_enabled:
        raise PlaintextForbidden("a conversation encrypted from end to end cannot be searched")
    return [
        ConversationOpened(
            conversation_id=issued.aggregate_id,
            opened_by=command.opened_by,
            end_to_end_encrypted=command.end_to_end_encrypted,
            search_enabled=command.search_enabled,
            opened_at=issued.at,
        )
    ]


CONVERSATION = aggregates.register(
    Aggregate(
        name="conversation",
        initial=Conversation(),
        decide=decide,
        evolve=evolve,
        fold_version=2,
        events=(ConversationOpened, ConversationSearchSwitched, MessagePersisted, MessageDeleted),
        commands={
            "open": OpenConversation,
            "switch_search": SwitchSearch,
            "persist_message": PersistMessage,
            "delete_message": DeleteMessage,
        },
    )
)
