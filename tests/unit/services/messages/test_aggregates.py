"""The rules of conversations and their messages."""

from events.testing import AT, ID, given
from nova.services.messages.aggregates import DeleteMessage, OpenConversation, PersistMessage, SwitchSearch
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)


def opened(*, encrypted: bool, search: bool) -> ConversationOpened:
    return ConversationOpened(
        conversation_id=ID, opened_by="ann", end_to_end_encrypted=encrypted, search_enabled=search, opened_at=AT
    )


def message(content: str | None) -> MessagePersisted:
    return MessagePersisted(message_id="m1", conversation_id=ID, sender_id="ann", created_at=AT, content=content)


SEND = PersistMessage(message_id="m1", sender_id="ann", content="secret")


def test_text_is_kept_only_where_search_is_on() -> None:
    given(opened(encrypted=False, search=True)).when(SEND).then(message("secret"))
    given(opened(encrypted=False, search=False)).when(SEND).then(message(None))
    switched_off = ConversationSearchSwitched(conversation_id=ID, enabled=False)
    given(opened(encrypted=False, search=True), switched_off).when(SEND).then(message(None))


def test_a_conversation_encrypted_from_end_to_end_never_has_text() -> None:
    encrypted = opened(encrypted=True, search=False)
    given(encrypted).when(SEND).then_refused("plaintext_forbidden")
    given(encrypted).when(PersistMessage(message_id="m1", sender_id="ann")).then(message(None))
    given(encrypted).when(SwitchSearch(enabled=True)).then_refused("plaintext_forbidden")
    given().when(OpenConversation(opened_by="ann", end_to_end_encrypted=True, search_enabled=True)).then_refused(
        "plaintext_forbidden"
    )
    # Not even when somebody else wrote down that search is on.
    forced = ConversationSearchSwitched(conversation_id=ID, enabled=True)
    given(opened(encrypted=True, search=True), forced).when(SEND).then_refused("plaintext_forbidden")


def test_a_message_comes_and_goes_once() -> None:
    talk = opened(encrypted=False, search=True)
    deleted = MessageDeleted(message_id="m1", conversation_id=ID, deleted_at=AT)
    given(talk, message(None)).when(SEND).then_refused("message_already_persisted")
    given(talk, message(None)).when(DeleteMessage(message_id="m1")).then(deleted)
    given(talk, message(None), deleted).when(DeleteMessage(message_id="m1")).then_refused("message_not_there")
    given(talk, message(None), deleted).when(SEND).then_refused("message_already_persisted")
    given(talk).when(OpenConversation(opened_by="b", end_to_end_encrypted=False)).then_refused(
        "conversation_already_open"
    )
    given().when(SEND).then_refused("conversation_not_found")
