"""Wiring: the one place that connects what may not know each other.

The event store with what happens in the transaction that appends, and services with those that they ask.
"""

from events.api import set_on_append
from nova.services.content.newest import CurrentPosts
from nova.services.feed.content_calls.client import set_content_posts
from nova.services.inventory.queries import CurrentStock
from nova.services.orders.conf import orders_conf
from nova.services.orders.fulfilment.sagas import register_fulfilment
from nova.services.orders.handlers import order_handlers
from nova.services.orders.service import SERVICE as ORDERS
from outbox.api import record, register_handlers
from projections.api import inline


def connect() -> None:
    """Let every append write its outbox rows and be followed by what is inline, orders ask inventory and be fulfilled,
    and feeds ask content.

    It is called once, when all apps are loaded.
    """
    set_on_append(inline(record))
    register_handlers(ORDERS.name, *order_handlers(stock=CurrentStock(), prices=CurrentStock()))
    set_content_posts(CurrentPosts())
    register_fulfilment(orders_conf().fulfilment)
