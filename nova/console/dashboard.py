"""Dashboard: the state of the whole platform on one page, as far as the operator may see it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from nova.console import figures
from nova.console.navigation import list_link


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows: the admin site's context and the panels."""
    links = {
        "events": list_link(request, "events.DomainEvent"),
        "pending": list_link(request, "outbox.OutboxEvent", state="to_publish"),
        "dead": list_link(request, "outbox.OutboxEvent", state="dead"),
        "dead_letters": list_link(request, "outbox.DeadLetter", status__exact="open"),
        "projections": list_link(request, "projections.ProjectionCheckpoint"),
        "sagas": list_link(request, "sagas.SagaState"),
        "direct_call": list_link(request, "nova_feed.ContentCallDecision"),
    }
    return context | {
        "links": links,
        "log": figures.log_figures(),
        "delivery": figures.delivery_figures(),
        "projections": figures.projection_figures() if links["projections"] else None,
        "sagas": figures.saga_figures() if links["sagas"] else None,
        "direct_call": figures.content_calls() if links["direct_call"] else None,
        "newest": figures.newest_events() if links["events"] else None,
        "parts": figures.part_states(),
        "ready_link": reverse("health-ready"),
    }
