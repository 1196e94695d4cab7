"""Read models that services keep from the log are rebuilt beside the tables that serve, by the same code."""

import pytest
from django.db.models import Model

from nova.services.graph.models import Follow
from nova.services.graph.projections import PROJECTION as GRAPH
from nova.services.orders.events import OrderCreated, OrderItem
from nova.services.orders.models import OrderSummary
from nova.services.orders.projections import PROJECTION as ORDERS
from nova.services.ranking.models import RankedPost
from nova.services.ranking.projections import PROJECTION as RANKING
from nova.services.social.events import PostLiked
from projections.api import Projection, verify
from tests.support.feeds import follow, post
from tests.support.projections import NOON, catch_up, deleted, record
from tests.support.rebuilds import begin, go_on
from tests.support.store import store_without_outbox

__all__ = ["store_without_outbox"]

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.mark.parametrize(("projection", "table"), [(GRAPH, Follow), (RANKING, RankedPost), (ORDERS, OrderSummary)])
def test_a_rebuild_makes_the_rows_that_the_log_says(projection: Projection, table: type[Model]) -> None:
    item = OrderItem(product_id="tea", quantity=2, unit_price=500)
    for payload in (
        *(follow("bob", "ann"), follow("cem", "ann"), follow("cem", "bob"), deleted("bob")),
        *(post("p1", "ann"), post("p2", "bob"), PostLiked(post_id="p1", user_id="cem")),
        OrderCreated(order_id="o", customer_id="ann", currency="EUR", items=[item], created_at=NOON),
    ):
        record(payload, stream="any")
    catch_up(projection)
    rows = list(table._default_manager.order_by("pk").values())
    assert rows
    table._default_manager.all().delete()

    begin(projection)
    assert go_on(projection)

    assert list(table._default_manager.order_by("pk").values()) == rows
    assert verify(projection) is None
