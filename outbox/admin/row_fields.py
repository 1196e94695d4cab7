"""Outbox-row fields: how a row is shown, in the list and on its page."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import display

from kit.admin.display import json_block, link, seconds, table
from kit.admin.pages import row_url
from outbox.admin.row_list_filters import STATES
from outbox.models import OutboxAction, OutboxEvent
from outbox.relay.row_actions import outbox_actions


class OutboxRowFields:
    """The fields of a row that are not its columns; `with_holder` has found what holds it."""

    @display(description="state", label=STATES)
    def state_label(self, row: OutboxEvent) -> str:
        """Where the row is on its way."""
        return row.state

    @display(description="waits for")
    def holder(self, row: Any) -> SafeString | str:
        """The row of its key that has to be published or given up before this one."""
        if row.held_by is None:
            return "-"
        return link(row_url("outbox_outboxevent", row.held_by), f"row {row.held_by}")

    @display(description="age", ordering="id")
    def age(self, row: OutboxEvent) -> str:
        """How long ago it was written."""
        return timesince(row.created_at)

    @display(description="event")
    def event_link(self, row: OutboxEvent) -> SafeString:
        """The event in the log."""
        return link(row_url("events_domainevent", row.position), str(row.event_id))

    @display(description="payload")
    def payload_text(self, row: OutboxEvent) -> SafeString:
        """The payload as indented JSON."""
        return json_block(row.body.payload)

    @display(description="metadata")
    def metadata_text(self, row: OutboxEvent) -> SafeString:
        """The metadata as indented JSON."""
        return json_block(row.body.metadata)

    @display(description="what operators have done")
    def actions_text(self, row: OutboxEvent) -> SafeString:
        """Who did what, and why, latest first."""
        rows = [[act.verb, act.actor, act.reason, _change(act), seconds(act.at)] for act in outbox_actions(row.pk)]
        return table(("what", "who", "why", "change", "when (UTC)"), rows)


def _change(act: OutboxAction) -> str:
    return ", ".join(f"{name}: {act.before.get(name)} → {value}" for name, value in act.after.items()) or "-"
