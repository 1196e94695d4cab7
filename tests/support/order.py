"""Order of modules: those that take longest begin first, so that none is left when the others have done."""

from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LONG_MODULES = (
    # Of the longer proofs.
    "faults/test_orders.py",
    "integration/projections/rebuilding/test_under_load.py",
    "faults/test_rebalances.py",
    "e2e/test_up.py",
    "faults/test_relay_outage.py",
    "faults/test_crashes.py",
    "faults/test_replicas.py",
    "faults/test_relay_order.py",
    "faults/test_saga_operations.py",
    "e2e/test_api_description.py",
    "e2e/test_demo.py",
    "unit/services/orders/test_sagas.py",
    "integration/events/store/test_many_appenders.py",
    "integration/events/test_dump_and_restore.py",
    # Of the others.
    "integration/outbox/hosting/test_processes.py",
    "contract/test_bus.py",
    "integration/services/test_account_deletion.py",
    "integration/kit/replicas/test_reads.py",
    "integration/nova/rest/test_strictness.py",
    "integration/nova/console/test_odd_addresses.py",
    "integration/events/store/test_stateful.py",
    "integration/events/state/test_snapshots.py",
    "integration/services/feed/test_content_calls.py",
    "integration/outbox/management/test_after_restore.py",
    "integration/nova/rest/test_hostile_requests.py",
    "integration/nova/telemetry/test_metrics.py",
    "integration/nova/telemetry/test_programs.py",
    "unit/nova/test_start.py",
    "contract/test_bus_questions.py",
    "integration/outbox/bus/kafka/test_security.py",
    "integration/projections/verification/test_handled.py",
    "integration/events/store/reading/test_replay.py",
    "integration/events/store/reading/test_page_byte_limit.py",
    "integration/nova/health/test_readiness.py",
    "integration/nova/local/servers/test_embedded.py",
    "integration/services/analytics/test_user_activity.py",
    "integration/outbox/consumers/test_consumer.py",
    "contract/rabbitmq/test_members.py",
    "integration/projections/engine/test_partitions.py",
    "integration/nova/test_migrate.py",
)
"""Modules by their paths. One that is not here takes less than these; its place is where pytest finds it."""


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, module by module; each module keeps its own order."""
    places = {TESTS / path: place for place, path in enumerate(LONG_MODULES)}
    return sorted(items, key=lambda item: places.get(item.path, len(places)))
