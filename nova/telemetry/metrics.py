"""Metrics of a web server: its counters, and gauges asked of the rows at each scrape.

Relay and workers are scraped at ports of their own (`NOVA_METRICS_PORT`). Where all processes run on one machine, they
may keep their counters in one directory instead (`PROMETHEUS_MULTIPROC_DIR`), and this page shows their sum.
What a part would have to tell that is away is left out, so that the page comes in time, and says which part that is.
The page is for the inside: a proxy in front of Nova must not let it out.
"""

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from kit.replicas.conf import replicas_conf
from kit.replicas.metrics import ReplicaCollector
from kit.replicas.reads import standings
from nova.health.readiness import readiness
from nova.telemetry.parts import PartsCollector
from outbox.api import LagCollector, QueueCollector, configured_bus, process_counters
from projections.api import ProjectionCollector, ViewCollector
from sagas.api import SagaCollector


def export(_request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    found = readiness()
    replicas = ReplicaCollector(standings(), max_staleness=replicas_conf().max_staleness)
    registries = [process_counters(), _registry(PartsCollector(found), replicas)]
    if not found.is_away("database"):
        registries.append(_ROWS)
    if not found.is_away(configured_bus().name):
        registries.append(_BROKER)
    return HttpResponse(b"".join(map(generate_latest, registries)), content_type=CONTENT_TYPE_LATEST)


def _registry(*collectors: Collector) -> CollectorRegistry:
    # Never the default registry: every process has that, and only this one is scraped.
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return registry


_ROWS = _registry(QueueCollector(), ProjectionCollector(), ViewCollector(), SagaCollector())
_BROKER = _registry(LagCollector())
