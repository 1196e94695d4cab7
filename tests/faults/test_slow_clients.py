"""Clients that hardly read, or hardly send what they announce, take nothing from others.

That a database connection is given back before an answer is sent is shown by `tests/unit/nova/server/test_handler.py`:
here the system takes pages as they are now into its own buffers.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks.web.slow_clients import CLIENTS, Web, slow_clients
from tests.support.outbox import url_of_test_database
from tests.support.proofs_of_time import prove

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("committed_db")]

MEGABYTES = 1_024
RATIO = 2.0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as unwound:
        yield unwound


@pytest.fixture
def web(stack: ExitStack, redis_url: str) -> Web:
    return Web(stack, DATABASE_URL=url_of_test_database(), REDIS_URL=redis_url)


def test_readers_that_do_not_read_hold_no_connections_to_the_database(web: Web) -> None:
    """As many of them as there are pooled connections, and ordinary requests go on."""
    with slow_clients(web, count=8, writers=False):
        assert web.ordinary(50).statuses == {200, 201}


def test_hundreds_of_slow_clients_neither_slow_others_down_nor_fill_the_memory(web: Web) -> None:
    assert prove(lambda: slowdown(web), lambda ratio: ratio <= RATIO) <= RATIO
    assert web.megabytes() < MEGABYTES


def slowdown(web: Web) -> float:
    """How many times as long ordinary requests take, 99 of 100, beside slow clients as without them."""
    alone = web.ordinary()
    with slow_clients(web):
        beside = web.ordinary()
    assert alone.statuses == beside.statuses == {200, 201}
    print(f"p99 {alone.p99:.1f} ms, beside {2 * CLIENTS} slow clients {beside.p99:.1f} ms; {web.megabytes():.0f} MB")
    return beside.p99 / alone.p99
