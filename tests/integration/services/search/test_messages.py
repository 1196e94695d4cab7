"""Messages are found by their words within a conversation whose search is on, and never in an encrypted one (B5)."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from msgspec import Struct

from kit.exceptions import InvalidParameter
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)
from nova.services.search.models import SearchConversation, SearchMessage
from nova.services.search.queries import search, search_messages
from outbox.api import ReceivedEvent, group_named, take_effect
from outbox.models import InboxEntry
from tests.support.feeds import at, received

pytestmark = pytest.mark.django_db


def told(*events: ReceivedEvent) -> None:
    for event in events:
        take_effect(group_named("search-service"), [event])


def event(payload: Struct, minute: int) -> ReceivedEvent:
    return received(payload, timestamp=at(minute))


def opened(conversation_id: str = "c", *, search: bool = True, encrypted: bool = False, minute: int = 0) -> Any:
    payload = ConversationOpened(
        conversation_id=conversation_id,
        opened_by="ann",
        end_to_end_encrypted=encrypted,
        search_enabled=search,
        opened_at=at(minute),
    )
    return event(payload, minute)


def switched(*, on: bool, minute: int) -> ReceivedEvent:
    return event(ConversationSearchSwitched(conversation_id="c", enabled=on), minute)


def message(
    message_id: str = "m", *, text: str | None = "tea at noon", conversation_id: str = "c", minute: int = 10
) -> ReceivedEvent:
    payload = MessagePersisted(
        message_id=message_id,
        conversation_id=conversation_id,
        sender_id="bob",
        created_at=at(minute),
        content=text,
    )
    return event(payload, minute)


def removed(message_id: str = "m", *, minute: int = 90) -> ReceivedEvent:
    return event(MessageDeleted(message_id=message_id, conversation_id="c", deleted_at=at(minute)), minute)


def found(q: str = "tea", *, conversation_id: str = "c") -> list[str]:
    return [hit.message_id for hit in search_messages(q, conversation_id=conversation_id).items]


def kept_texts() -> set[str]:
    return set(SearchMessage.objects.values_list("text", flat=True)) - {""}


def test_messages_are_found_by_their_words_newest_first() -> None:
    told(opened(), message("m1"), message("m2", text="Coffee", minute=20), message("m3", text="TEA!", minute=30))
    assert found() == ["m3", "m1"]
    assert found("coffee") == ["m2"]
    assert found("tea -noon") == ["m3"]


def test_nobody_finds_messages_of_another_conversation_or_among_posts_and_users() -> None:
    told(opened(), message(), opened("d"), message("other", conversation_id="d"))
    assert found(conversation_id="d") == ["other"]
    assert found(conversation_id="nobody's") == []
    assert search("tea").items == []


def test_a_deleted_message_is_gone_whatever_comes_first() -> None:
    told(opened(), message("m1"), removed("m1"), removed("m2"), message("m2"))
    assert (found(), kept_texts()) == ([], set())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_plain_text_for_an_encrypted_conversation_is_not_indexed_whichever_comes_first(order: tuple[int, int]) -> None:
    events = opened(encrypted=True, search=True), message()
    told(*(events[number] for number in order), switched(on=True, minute=5))
    assert (found(), kept_texts()) == ([], set())


def test_an_encrypted_conversation_that_is_opened_again_as_a_plain_one_stays_encrypted() -> None:
    told(opened(encrypted=True), opened(encrypted=False, minute=1), message())
    assert (found(), kept_texts()) == ([], set())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_text_for_a_conversation_without_search_is_not_indexed_whichever_comes_first(order: tuple[int, int]) -> None:
    events = opened(search=False), message()
    told(*(events[number] for number in order))
    assert found() == []
    # Nor once search is on: it was off when the message was sent.
    told(switched(on=True, minute=20))
    assert (found(), kept_texts()) == ([], set())


def test_text_waits_outside_the_index_until_its_conversation_is_known() -> None:
    told(message())
    assert found() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT words::text FROM search_messages")
        assert cursor.fetchall() == [("",)]
    told(opened())
    assert found() == ["m"]


def test_switching_search_off_removes_the_texts_for_good() -> None:
    told(opened(), message("m1"), switched(on=False, minute=20))
    assert (found(), kept_texts()) == ([], set())
    told(switched(on=True, minute=30), message("m2", minute=40))
    assert found() == ["m2"]


def test_a_message_that_overtakes_the_switch_on_is_found_once_that_comes() -> None:
    told(opened(search=False), message(minute=30))
    assert found() == []
    told(switched(on=True, minute=20))
    assert found() == ["m"]


def test_a_switch_that_is_told_again_later_changes_nothing() -> None:
    told(opened(), message("m1"), switched(on=False, minute=20), switched(on=True, minute=30))
    told(message("m2", minute=40), switched(on=False, minute=20), switched(on=True, minute=50), opened())
    assert found() == ["m2"]


def test_the_index_is_the_same_in_whatever_order_the_topics_are_read() -> None:
    conversation = [
        opened(search=False),
        *(switched(on=number % 2 == 1, minute=20 * number) for number in range(1, 6)),
    ]
    messages = [message(f"m{number}", minute=7 * number, text=f"tea {number}") for number in range(18)]
    others = [removed("m7"), removed("m8"), message("m9", text=None, minute=7 * 9 + 1)]

    def rows() -> list[Any]:
        return [*SearchMessage.objects.order_by("pk").values(), *SearchConversation.objects.values()]

    told(*conversation, *messages, *others)
    assert found() == ["m17", "m16", "m15"]
    expected = rows()
    for seed in range(12):
        SearchMessage.objects.all().delete()
        SearchConversation.objects.all().delete()
        InboxEntry.objects.all().delete()
        chance = random.Random(seed)
        ahead = list(conversation)
        rest = chance.sample(messages + others, k=len(messages) + len(others))
        while ahead or rest:
            told((ahead if (ahead and chance.random() < 0.25) or not rest else rest).pop(0))
        assert rows() == expected, seed


def test_pages_of_messages_follow_each_other_without_gap_or_overlap() -> None:
    told(opened(), *(message(f"m{number}", minute=5) for number in range(7)))
    seen: list[str] = []
    after = None
    while True:
        page = search_messages("tea", conversation_id="c", after=after, limit=3)
        seen += [hit.message_id for hit in page.items]
        if (after := page.next) is None:
            break
    assert seen == [f"m{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("after", ["", "??", "e30", "MQ", "WyIyMDI1LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCJd"])
def test_a_cursor_that_no_page_of_messages_gave_is_refused(after: str) -> None:
    with pytest.raises(InvalidParameter, match="after"):
        search_messages("tea", conversation_id="c", after=after)


def test_a_switch_at_a_time_that_a_message_has_too_removes_it() -> None:
    told(opened(), message(minute=10), switched(on=False, minute=10))
    assert kept_texts() == set()
    assert SearchMessage.objects.get().sent_at == at(0) + timedelta(minutes=10)
