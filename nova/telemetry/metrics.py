"""Metrics of a web server: its counters, and gauges asked of the rows at each scrape.

Relay and workers are scraped at ports of their own (`NOVA_METRICS_PORT`). Where all processes run on one machine, they
may keep their counters in one directory instead (`PROMETHEUS_MULTIPROC_DIR`), and this page shows their sum.
The page is for the inside: a proxy in front of Nova must not let it out.
"""

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from outbox.api import process_counters
from outbox.api import register_collectors as register_outbox
from projections.api import ProjectionCollector


def export(_request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    pages = [generate_latest(process_counters()), generate_latest(_ROWS)]
    return HttpResponse(b"".join(pages), content_type=CONTENT_TYPE_LATEST)


def _rows() -> CollectorRegistry:
    # Never the default registry: every process has that, and only this one is scraped.
    registry = CollectorRegistry()
    register_outbox(registry)
    registry.register(ProjectionCollector())
    return registry


_ROWS = _rows()
