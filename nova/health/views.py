"""Health endpoints: whether this process is alive, and whether the whole platform is ready."""

import msgspec
from django.http import HttpRequest, HttpResponse

from nova.health.readiness import readiness


def live(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; asks nobody else."""
    return _json({"status": "live"}, status=200)


def ready(_request: HttpRequest) -> HttpResponse:
    """200 when every part works that Nova cannot do without; 503 with the parts that do not."""
    found = readiness()
    return _json(
        {
            "status": "ready" if found.is_ready else "not ready",
            "degraded": found.degraded,
            "checks": {name: outcome.state for name, outcome in found.outcomes.items()},
            "duration_ms": {name: outcome.duration_ms for name, outcome in found.outcomes.items()},
        },
        status=200 if found.is_ready else 503,
    )


def _json(body: object, *, status: int) -> HttpResponse:
    return HttpResponse(
        msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
