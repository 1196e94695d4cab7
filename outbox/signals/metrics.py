"""Counters: what a process has done, counted where the work is done.

`outbox.hosting.metrics_server` shows them. With `PROMETHEUS_MULTIPROC_DIR` set, all processes of a machine keep them in
that directory, and any of them can show the sum.
"""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

EVENTS_PUBLISHED = Counter("events_published_total", "Events that reached their topic.", ["event_type", "service"])
EVENTS_CONSUMED = Counter(
    "events_consumed_total", "Events that took effect on a consumer group.", ["event_type", "service"]
)
PROCESSING_DURATION = Histogram(
    "event_processing_duration", "Seconds that a handler took for an event.", ["event_type", "handler"]
)
PUBLISH_FAILURES = Counter("event_publish_failures", "Deliveries that failed.")
DEAD_LETTERS = Counter("event_dead_letters_total", "Messages that a consumer group could not handle.", ["group"])


def process_counters() -> CollectorRegistry:
    """The counters of this process; of all processes of this machine, where they share a directory."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
