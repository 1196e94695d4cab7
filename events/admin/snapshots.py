"""Snapshots: which aggregates have one, whether it counts, and how it is made anew. They are a cache."""

from typing import ClassVar

import structlog
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from events.aggregates.aggregate import aggregates
from events.exceptions import UnreadableStream
from events.models import AggregateSnapshot
from events.state.snapshot_maintenance import rebuild_of
from events.state.snapshots import counts
from kit.admin.display import json_block
from kit.admin.operated import OperatedAdmin, selection_action
from kit.admin.reasons import actor_of

log = structlog.get_logger(__name__)


@admin.register(AggregateSnapshot)
class AggregateSnapshotAdmin(OperatedAdmin):
    """Snapshots of aggregates."""

    list_display = ("aggregate_type", "aggregate_id", "version", "state_label", "fold_version", "created_at")
    list_display_links = ("aggregate_type", "aggregate_id")
    ordering = ("aggregate_id", "aggregate_type", "-version")
    search_fields = ("=aggregate_id",)
    search_help_text = "An aggregate id, in full"
    actions: ClassVar = ["rebuild_selected", "delete_snapshots"]
    rebuild_selected = selection_action("rebuild", "Make anew from the first event")
    delete_snapshots = selection_action("delete", "Delete: the next load folds more events")
    verbs: ClassVar = {
        "rebuild": "Their aggregates are folded again from the first event.",
        "delete": "The next load of each aggregate folds more events, and takes longer.",
    }
    operate_permission = "events.operate_aggregatesnapshot"
    fieldsets = (
        ("Of what", {"fields": ("aggregate_type", "aggregate_id", "version", "created_at")}),
        ("Made with", {"fields": ("state_label", "fold_version", "fold", "codec")}),
        ("State", {"fields": ("data_text",)}),
    )

    @display(description="counts", label={"counts": "success", "stale": "warning", "not registered": "danger"})
    def state_label(self, snapshot: AggregateSnapshot) -> str:
        """Whether loads begin at it."""
        if snapshot.aggregate_type not in aggregates:
            return "not registered"
        kind = aggregates.named(snapshot.aggregate_type)
        return "counts" if counts(kind, codec=snapshot.codec, fold=snapshot.fold) else "stale"

    @admin.display(description="state")
    def data_text(self, snapshot: AggregateSnapshot) -> SafeString:
        """The state as indented JSON."""
        return json_block(snapshot.data)

    def act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[AggregateSnapshot], verb: str, reason: str
    ) -> None:
        """Rebuild or delete the selected snapshots."""
        if verb == "rebuild":
            self._rebuild(request, queryset, reason)
        else:
            self._delete(request, queryset, reason)

    def _delete(self, request: HttpRequest, snapshots: QuerySet[AggregateSnapshot], reason: str) -> None:
        with transaction.atomic():
            self.audit(request, snapshots, f"Delete: {reason}")
            deleted, _ = snapshots.delete()
        log.info("snapshots deleted", actor=actor_of(request), reason=reason, snapshots=deleted)
        self.message_user(request, f"{deleted} snapshots were deleted.")

    def _rebuild(self, request: HttpRequest, snapshots: QuerySet[AggregateSnapshot], reason: str) -> None:
        rebuilt = 0
        for name, aggregate_id in set(snapshots.values_list("aggregate_type", "aggregate_id")):
            if name not in aggregates:
                self.message_user(request, f"No code registers {name}.", messages.WARNING)
                continue
            try:
                rebuild_of(aggregates.named(name), aggregate_id)
            except UnreadableStream as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                rebuilt += 1
                made = AggregateSnapshot.objects.filter(aggregate_type=name, aggregate_id=aggregate_id)
                self.audit(request, made, f"Rebuild: {reason}")
        log.info("snapshots rebuilt", actor=actor_of(request), reason=reason, aggregates=rebuilt)
        self.message_user(request, f"Snapshots of {rebuilt} aggregates were made anew.")
