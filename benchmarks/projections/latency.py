"""Projection latency: from an event's commit to its row, committed by a projection in a worker.

Beside Nova's runner, which waits for wake-ups, runs a bare loop that polls without pause; the same process appends to
both, steadily, and notes when each append had returned. What is allowed to Nova is a p99 of 100 ms.
"""

import statistics
from typing import Literal

from django.db import connection

from benchmarks.consumers.latency import append_steadily, wait_until
from benchmarks.consumers.process import watched
from benchmarks.harness import Measure, Pair
from benchmarks.projections.loops import CHECKPOINT, TABLE
from events.api import last_position
from projections.models import ProjectionCheckpoint

Kind = Literal["raw", "nova"]


def measures() -> list[Measure]:
    """All measures of a projection's latency."""
    raw, nova = Pair(lambda: _latencies("raw")), Pair(lambda: _latencies("nova"))
    return [
        Measure(name="latency_projection_p50", unit="ms", goal=0.5, raw=raw.first, nova=nova.first),
        Measure(name="latency_projection_p99", unit="ms", goal=0.67, raw=raw.second, nova=nova.second),
    ]


def _latencies(kind: Kind) -> tuple[float, float]:
    """The median and the 99th percentile of the latency in milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE benchmark_posts")
    ProjectionCheckpoint.objects.update_or_create(name=CHECKPOINT, defaults={"version": 1, "position": last_position()})
    with watched(f"{kind} projection") as projection:  # type: ignore[arg-type]
        appended, number = append_steadily()
        wait_until(lambda: projection.handled() >= number, late="the projection")
        rows = projection.committed()
    latencies = [(rows[event_id] - timestamp) * 1000 for event_id, timestamp in appended.items()]
    return statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
