"""Pages of the console are no wider than the window, whatever the values that they show."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib.auth.models import User
from django.urls import reverse

from events.api import NewEvent, StreamId, Untyped, append_events, set_stream_metadata
from events.models import DomainEvent, StreamMetadata
from nova.local.browser import Browser, browser, chromium
from outbox.api import ConsumerGroup, IncomingMessage
from outbox.dead_letters.store import store_dead_letter
from outbox.models import DeadLetter, OutboxEvent
from tests.support.web import WebServer, web

__all__ = ["web"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="pages were not looked at: there is no Chromium"),
]

PASSWORD = "only-for-this-test"
WORD = "x" * 200_000
STREAM = StreamId("t" * 100, "i" * 200)
EVENT = NewEvent(payload=Untyped(f"made.{'up' * 47}", {"word": WORD, "nested": {"list": [{"deep": WORD[:5_000]}] * 3}}))
WIDTHS = (1280, 390)


@pytest.fixture
def pages(web: WebServer) -> list[str]:
    """Addresses of pages that show long words without a space."""
    append_events(STREAM, 0, [EVENT])
    set_stream_metadata(STREAM, title="T" * 200)
    headers = (("event_type", b"x" * 500), ("odd", b"\xff" * 2_000))
    message = IncomingMessage(
        topic="t" * 249, partition=0, offset=1, key=b"k" * 1_000, body=WORD.encode(), headers=headers, timestamp=None
    )
    store_dead_letter(ConsumerGroup(name="g" * 100), message, ValueError(WORD), attempts=1)
    rows: dict[str, Any] = {
        "events_domainevent": DomainEvent,
        "events_streammetadata": StreamMetadata,
        "outbox_outboxevent": OutboxEvent,
        "outbox_deadletter": DeadLetter,
    }
    return [
        reverse("admin:index"),
        *(reverse(f"admin:{name}_changelist") for name in rows),
        *(reverse(f"admin:{name}_change", args=[model.objects.get().pk]) for name, model in rows.items()),
    ]


@pytest.fixture
def operator(web: WebServer, settings: Any) -> Iterator[Browser]:
    """A browser in which a superuser is logged in."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those that the server knows
    User.objects.create_superuser("operator", password=PASSWORD)
    with browser() as opened:
        opened.open(f"{web.url}/admin/login/?next=/admin/")
        opened.fill_in(username="operator", password=PASSWORD)
        yield opened


def test_long_words_make_no_page_wider(web: WebServer, pages: list[str], operator: Browser) -> None:
    wider = {}
    for page in pages:
        operator.open(web.url + page)
        assert operator.path == page
        for width in WIDTHS:
            operator.resize(width, 900)
            if operator.page_width > width:
                wider[page, width] = operator.page_width
    assert wider == {}
