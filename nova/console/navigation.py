"""Navigation: the sidebar, with what is there and the operator may see."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from msgspec import Struct

from kit.admin.pages import list_url


class Entry(Struct, frozen=True):
    """One line of the sidebar."""

    title: str
    icon: str
    """A name of Material Symbols."""
    model: str
    """`app.Model`, whose list the entry leads to."""


GROUPS: dict[str, tuple[Entry, ...]] = {
    "Event store": (
        Entry("Events", "bolt", "events.DomainEvent"),
        Entry("Streams", "stream", "events.StreamMetadata"),
        Entry("Snapshots", "photo_camera", "events.AggregateSnapshot"),
        Entry("Imports", "upload_file", "events.EventImport"),
    ),
    "Delivery": (
        Entry("Outbox", "outbox", "outbox.OutboxEvent"),
        Entry("Consumers", "hub", "outbox.ConsumerControl"),
        Entry("Dead letters", "mail_off", "outbox.DeadLetter"),
        Entry("Operations", "rule", "outbox.DeadLetterOperation"),
        Entry("Inbox", "inbox", "outbox.InboxEntry"),
        Entry("Heartbeats", "ecg_heart", "outbox.ProcessHeartbeat"),
    ),
    "Processes": (
        Entry("Sagas", "conversion_path", "sagas.SagaState"),
        Entry("Saga operations", "rule", "sagas.SagaOperation"),
    ),
    "Read side": (
        Entry("Projections", "account_tree", "projections.ProjectionCheckpoint"),
        Entry("Materialised views", "table_view", "projections.MaterialisedView"),
        Entry("Users", "groups", "nova_identity.User"),
        Entry("Orders", "shopping_cart", "nova_orders.OrderSummary"),
        Entry("Posts", "article", "nova_content.Post"),
        Entry("Comments", "comment", "nova_content.Comment"),
        Entry("Posts in feeds", "dynamic_feed", "nova_feed.FeedPost"),
        Entry("Direct calls", "alt_route", "nova_feed.ContentCallDecision"),
        Entry("Follows", "person_add", "nova_feed.FeedFollow"),
        Entry("Follow graph", "hub", "nova_graph.Person"),
        Entry("Ranking", "trending_up", "nova_ranking.RankedPost"),
        Entry("Search documents", "manage_search", "nova_search.SearchDocument"),
        Entry("Searched conversations", "forum", "nova_search.SearchConversation"),
        Entry("Analytics", "bar_chart", "nova_analytics.UserActivity"),
    ),
    "Access": (
        Entry("Accounts", "person", settings.AUTH_USER_MODEL),
        Entry("Groups", "shield_person", "auth.Group"),
        Entry("API tokens", "key", "nova.ApiToken"),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar for one operator, without empty groups."""
    overview = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    api = {"title": "API", "icon": "api", "link": reverse("api-docs")}
    groups: list[dict[str, Any]] = [{"items": [overview, api]}]
    for title, entries in GROUPS.items():
        items = [
            {"title": entry.title, "icon": entry.icon, "link": link}
            for entry in entries
            if (link := list_link(request, entry.model))
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def list_link(request: HttpRequest, label: str, **filters: str) -> str | None:
    """The address of a model's list, narrowed by filters; None when it has no screen or the operator may not see it."""
    try:
        model = apps.get_model(label)
    except LookupError:
        return None
    if not admin.site.is_registered(model):
        return None
    model_admin = admin.site.get_model_admin(model)
    if not model_admin.has_view_or_change_permission(request):
        return None
    options = model._meta  # noqa: SLF001 - Django's documented API
    return list_url(f"{options.app_label}_{options.model_name}", **filters)
