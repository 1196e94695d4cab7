"""Histories of the shipped sagas, as stories: `python -m tests.support.shipped_histories` writes what is missing.

They lie in docs/saga-histories/ as they were when they were written, and are replayed by `make check`.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.test")
    django.setup()

from nova.services.account_deletion.sagas import ACCOUNT_DELETION
from nova.services.content.events import ContentErased, ContentFlagged, ContentPostDeleted
from nova.services.feed.events import FeedErased
from nova.services.identity.events import (
    NoticeRequested,
    NoticeSent,
    UserClosed,
    UserDeletionRequested,
    UserDeletionWithdrawn,
)
from nova.services.inventory.events import InventoryReleased, InventoryReserved, InventorySold, Line
from nova.services.media.events import MediaErased
from nova.services.messages.events import MessagesErased
from nova.services.moderation.events import ModerationDecided
from nova.services.moderation.sagas import MODERATION, Case
from nova.services.orders.events import CancelSettled, ConfirmSettled, OrderCreated, OrderItem, OrderSettled
from nova.services.orders.fulfilment.notices import cancelled, fulfilled
from nova.services.orders.fulfilment.reactions import ORDER_REACTIONS
from nova.services.orders.fulfilment.sagas import ORDER_FULFILMENT
from nova.services.payments.events import PaymentFailed, PaymentProcessed, PaymentRefunded
from nova.services.search.events import SearchErased
from sagas.histories.history import text_of
from sagas.testing import AT, Story, begin

DIRECTORY = Path(__file__).parents[2] / "docs" / "saga-histories"

CREATED = OrderCreated(
    order_id="o",
    customer_id="ann",
    currency="EUR",
    items=[OrderItem(product_id="tea", quantity=2, unit_price=500)],
    created_at=AT,
)
LINES = [Line(product_id="tea", quantity=2)]
CONFIRMED = ConfirmSettled(order_id="o", items=CREATED.items, amount=1_000, currency="EUR")
RESERVED = InventoryReserved(order_id="o", lines=LINES)
RELEASED = InventoryReleased(order_id="o", lines=LINES)
SOLD = InventorySold(order_id="o", lines=LINES)
CHARGED = PaymentProcessed(order_id="o", payment_id="o", amount=1_000, currency="EUR", reference="r")
DECLINED = PaymentFailed(order_id="o", payment_id="o", amount=1_000, currency="EUR", reason="no funds")
REFUNDED = PaymentRefunded(order_id="o", payment_id="o", amount=1_000, total=1_000, currency="EUR")
SETTLED, CANCELLED = OrderSettled(order_id="o"), CancelSettled(order_id="o")


def _told(asked: NoticeRequested) -> NoticeSent:
    return NoticeSent(user_id=asked.user_id, notice_id=asked.notice_id, reference=asked.reference)


FULFILLED = _told(fulfilled("o", "ann"))
REGRETTED = _told(cancelled("o", "ann", ""))

DELETION_REQUESTED = UserDeletionRequested(user_id="ann", deletion_id="d", requested_at=AT)
DELETION_WITHDRAWN = UserDeletionWithdrawn(user_id="ann", deletion_id="d", withdrawn_at=AT)
CLOSED = UserClosed(user_id="ann", deletion_id="d")
ERASED = [
    kind(deletion_id="d", user_id="ann", removed=1)
    for kind in (ContentErased, MediaErased, MessagesErased, FeedErased, SearchErased)
]

FLAGGED = ContentFlagged(content_id="p", reason="rude")
KEEP = ModerationDecided(content_id="p", decision="keep", decided_by="ann")
REMOVE = ModerationDecided(content_id="p", decision="remove", decided_by="ann")
DELETED = ContentPostDeleted(post_id="p", user_id="bob", deleted_at=AT)


def _paid() -> Story:
    return begin(ORDER_FULFILMENT, CREATED).when(CONFIRMED).when(RESERVED).when(CHARGED)


def _erased() -> Story:
    story = begin(ACCOUNT_DELETION, DELETION_REQUESTED).after(days=7).when(CLOSED)
    for answer in ERASED:
        story = story.when(answer)
    return story


def _undecided() -> Story:
    return begin(MODERATION, FLAGGED).after(days=3).stands("awaiting_operator")


STORIES: Mapping[str, Callable[[], Story]] = {
    "order-fulfilment-completed": lambda: _paid().when(SOLD).when(SETTLED).when(FULFILLED).stands("completed"),
    "order-fulfilment-compensated": lambda: (
        begin(ORDER_FULFILMENT, CREATED)
        .when(CONFIRMED)
        .when(RESERVED)
        .when(DECLINED)
        .when(RELEASED)
        .when(CANCELLED)
        .when(REGRETTED)
        .stands("compensated")
    ),
    "order-fulfilment-timed-out": lambda: (
        begin(ORDER_FULFILMENT, CREATED)
        .when(CONFIRMED)
        .when(RESERVED)
        .after(minutes=15)
        .when(REFUNDED)
        .when(RELEASED)
        .when(CANCELLED)
        .when(REGRETTED)
        .stands("compensated")
    ),
    "order-fulfilment-operated": lambda: (
        _paid()
        .after(hours=1)
        .stands("awaiting_operator")
        .does("retry", "ship")
        .when(SOLD)
        .does("skip", "settle")
        .when(FULFILLED)
        .stands("completed")
    ),
    "order-reactions-completed": lambda: (
        begin(ORDER_REACTIONS, CREATED)
        .when(CONFIRMED)
        .when(RESERVED)
        .when(CHARGED)
        .when(SOLD)
        .when(SETTLED)
        .when(FULFILLED)
        .stands("completed")
    ),
    "order-reactions-compensated": lambda: (
        begin(ORDER_REACTIONS, CREATED)
        .when(CONFIRMED)
        .when(RESERVED)
        .when(DECLINED)
        .when(RELEASED)
        .when(CANCELLED)
        .when(REGRETTED)
        .stands("compensated")
    ),
    "account-deletion-completed": lambda: _erased().stands("completed"),
    "account-deletion-withdrawn": lambda: (
        begin(ACCOUNT_DELETION, DELETION_REQUESTED).after(days=1).when(DELETION_WITHDRAWN).stands("compensated")
    ),
    "moderation-kept": lambda: begin(MODERATION, FLAGGED).when(KEEP).stands("completed"),
    "moderation-removed": lambda: begin(MODERATION, FLAGGED).when(REMOVE).when(DELETED).stands("completed"),
    "moderation-timed-out": lambda: _undecided().when(KEEP).stands("completed"),
    "moderation-operated": lambda: (
        _undecided()
        .does("edit", Case(content_id="p", reason="rude", decision="remove", decided_by="eve"))
        .does("skip", "review")
        .when(DELETED)
        .stands("completed")
    ),
}


def write(directory: Path = DIRECTORY) -> None:
    """Write the histories that the directory does not have."""
    for name, story in STORIES.items():
        path = directory / f"{name}.json"
        if not path.exists():
            path.write_text(text_of(story().history()), encoding="utf-8")


if __name__ == "__main__":
    write()
