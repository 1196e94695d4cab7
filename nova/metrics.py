"""What can Prometheus scrape? Counters of all processes of this machine, and gauges asked of the rows at each scrape.

With `PROMETHEUS_MULTIPROC_DIR` set, each process keeps its counters in that directory and this one shows their sum.
The page is for the inside: a proxy in front of Nova must not let it out.
"""

import os

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from outbox.api import register_collectors as register_outbox
from projections.api import ProjectionCollector


def export(_request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    pages = [generate_latest(_counters()), generate_latest(_ROWS)]
    return HttpResponse(b"".join(pages), content_type=CONTENT_TYPE_LATEST)


def _counters() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _rows() -> CollectorRegistry:
    # Never the default registry: every process has that, and only this one is scraped.
    registry = CollectorRegistry()
    register_outbox(registry)
    registry.register(ProjectionCollector())
    return registry


_ROWS = _rows()
