"""Loading an aggregate: an order of 1 000 events, and one of which a snapshot covers all but 100."""

import statistics
import time
from collections.abc import Callable
from uuid import uuid4

from msgspec import Struct

from benchmarks.events import WHEN
from benchmarks.harness import Measure
from events.api import Expected, NewEvent, StreamId, append_events, get_events
from events.state.loading import load
from events.state.snapshots import save_snapshot
from nova.services.orders.aggregates import ORDER
from nova.services.orders.events import OrderCreated, OrderItem, OrderItemAdded, OrderItemRemoved

EVENTS, TAIL = 1_000, 100
LOADS = 30
PRODUCTS = 20
# Milliseconds that a load may take, read, decoded and folded.
WHOLE_LIMIT, SNAPSHOT_LIMIT = 8.0, 1.0


def measures() -> list[Measure]:
    """All measures of loading. There is no raw side to them: they stand beside the time that they may take."""
    whole, covered = _written(), _written()
    events = get_events(StreamId(ORDER.name, covered), whole=True)[: EVENTS - TAIL]
    save_snapshot(ORDER, covered, EVENTS - TAIL, ORDER.fold_recorded(ORDER.initial, events))
    return [
        Measure(
            name="order_of_1000",
            unit="ms",
            goal=1,
            raw=lambda: WHOLE_LIMIT,
            nova=lambda: _milliseconds(lambda: load(ORDER, whole)),
        ),
        Measure(
            name="order_snapshot_100",
            unit="ms",
            goal=1,
            raw=lambda: SNAPSHOT_LIMIT,
            nova=lambda: _milliseconds(lambda: load(ORDER, covered)),
        ),
    ]


def _written() -> str:
    order_id = str(uuid4())
    item = OrderItem(product_id="0", quantity=1, unit_price=100)
    created = OrderCreated(order_id=order_id, customer_id="ann", currency="EUR", items=[item], created_at=WHEN)
    payloads: list[Struct] = [created]
    for number in range(1, EVENTS):
        product = str(number // 2 % PRODUCTS + 1)
        more = OrderItemAdded(order_id=order_id, item=OrderItem(product_id=product, quantity=1, unit_price=100))
        payloads.append(more if number % 2 else OrderItemRemoved(order_id=order_id, product_id=product))
    events = [NewEvent(payload=payload) for payload in payloads]
    append_events(StreamId(ORDER.name, order_id), Expected.NO_STREAM, events)
    return order_id


def _milliseconds(work: Callable[[], object]) -> float:
    """Of one call, the median of several."""
    times = []
    for _ in range(LOADS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1_000
