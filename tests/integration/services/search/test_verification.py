"""The index of messages is what the log says, in whatever order the group hears it, whoever has appended what."""

from typing import Any

import pytest

from events.api import NewEvent, StreamId, append_events, execute
from nova.services.messages.aggregates import DeleteMessage, OpenConversation, PersistMessage, SwitchSearch
from nova.services.messages.events import MessagePersisted
from nova.services.search.models import SearchMessage
from nova.services.search.projections import MESSAGES
from nova.services.search.queries import search_messages
from projections.api import verify_handled
from tests.support.feeds import at
from tests.support.read_models import hear

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url", "equal_to_the_log")


def opened(conversation_id: str, **how: Any) -> None:
    execute(conversation_id, OpenConversation(opened_by="ann", **{"end_to_end_encrypted": False, **how}))


def sent(conversation_id: str, message_id: str, content: str = "tea") -> None:
    execute(conversation_id, PersistMessage(message_id=message_id, sender_id="bob", content=content))


def appended_by_hand(conversation_id: str, message_id: str) -> None:
    payload = MessagePersisted(
        message_id=message_id, conversation_id=conversation_id, sender_id="eve", created_at=at(0), content="tea secret"
    )
    append_events(StreamId("conversation", conversation_id), -1, [NewEvent(payload=payload)])


def found(conversation_id: str) -> list[str]:
    return sorted(hit.message_id for hit in search_messages("tea", conversation_id=conversation_id).items)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_index_is_what_the_log_says(seed: int | None) -> None:
    opened("on", search_enabled=True)
    opened("off")
    opened("secret", end_to_end_encrypted=True)
    for conversation_id in ("on", "off"):
        sent(conversation_id, f"{conversation_id}-1")
        sent(conversation_id, f"{conversation_id}-2")
    for conversation_id in ("on", "off", "secret", "nowhere"):
        appended_by_hand(conversation_id, f"{conversation_id}-3")
    execute("on", DeleteMessage(message_id="on-2"))
    execute("off", SwitchSearch(enabled=True))
    sent("off", "off-4")
    opened("closed", search_enabled=True)
    sent("closed", "closed-1")
    execute("closed", SwitchSearch(enabled=False))

    hear("search-service", seed=seed)

    assert found("on") == ["on-1", "on-3"]
    assert found("off") == ["off-4"]
    assert found("secret") == found("nowhere") == found("closed") == []
    # Nothing is kept of what can never be found; of a conversation that nobody has heard of, the text waits.
    texts = SearchMessage.objects.exclude(text="").values_list("message_id", flat=True)
    assert sorted(texts) == ["nowhere-3", "off-4", "on-1", "on-3"]


def test_a_text_that_does_not_belong_there_is_noticed() -> None:
    opened("secret", end_to_end_encrypted=True)
    appended_by_hand("secret", "m")
    hear("search-service")
    assert verify_handled(MESSAGES).difference is None
    SearchMessage.objects.update(text="tea secret")
    difference = verify_handled(MESSAGES).difference
    assert difference is not None
    assert "search_messages" in str(difference)
    SearchMessage.objects.update(text="")
