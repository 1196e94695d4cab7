"""Dead-letter fields: how a dead letter is shown, in the list and on its page."""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.display import block, link, readable, seconds, table
from kit.admin.pages import list_url, row_url
from outbox.admin.blockers import PARKED
from outbox.admin.bodies import readable_body
from outbox.models import DeadLetter

NOWHERE = "?:0 in ?"
"""The frame of an exception that was not raised in any code of ours; see `describe`."""
MAX_BODY = 100_000
"""Bytes of a body that a page shows."""
DEAD_LETTER_STATES = {
    "open": "danger",
    "retrying": "warning",
    "retried": "success",
    "discarded": "default",
    "replaced": "info",
}


class DeadLetterFields:
    """The fields of a dead letter that are not its columns; `find_blockers` has seen it before."""

    @display(description="state", label=DEAD_LETTER_STATES)
    def state(self, dead_letter: DeadLetter) -> str:
        """What has become of it."""
        return dead_letter.status

    @display(description="failure", ordering="failure_group")
    def what(self, dead_letter: DeadLetter) -> SafeString | str:
        """What went wrong where, or which dead letter has to be dealt with before."""
        parked = dead_letter.exception == PARKED
        return self.blocker(dead_letter) if parked else failure(dead_letter.exception, dead_letter.frame)

    @display(description="where")
    def where(self, dead_letter: DeadLetter) -> str:
        """The place in our own code."""
        return "-" if dead_letter.frame == NOWHERE else dead_letter.frame

    @display(description="waits for")
    def blocker(self, dead_letter: Any) -> SafeString | str:
        """Of a dead letter that was parked: the first of its key that somebody has to deal with."""
        if dead_letter.exception != PARKED:
            return "-"
        if dead_letter.blocked_by is None:
            return "parked; its key is free by now"
        return link(dead_letter_url(dead_letter.blocked_by), f"parked behind dead letter {dead_letter.blocked_by}")

    @display(description="place")
    def place(self, dead_letter: DeadLetter) -> str:
        """Topic, partition and offset."""
        return f"{dead_letter.topic}[{dead_letter.partition}] at {dead_letter.offset}"

    @display(description="message")
    def message_text(self, dead_letter: DeadLetter) -> SafeString:
        """What the exception said."""
        return block(dead_letter.message)

    @display(description="failure group")
    def group_link(self, dead_letter: DeadLetter) -> SafeString:
        """The group, leading to its dead letters."""
        url = list_url("outbox_deadletter", failure_group=dead_letter.failure_group)
        return link(url, f"{dead_letter.failure_group}: all of this kind at this place")

    @display(description="event")
    def event_link(self, dead_letter: DeadLetter) -> SafeString:
        """The event in the log, where it is one of ours."""
        url = list_url("events_domainevent", q=dead_letter.event_id)
        return link(url, f"{dead_letter.event_id}: look for it in the log")

    @display(description="key")
    def key_text(self, dead_letter: DeadLetter) -> SafeString:
        """The key."""
        return block("" if dead_letter.key is None else readable(bytes(dead_letter.key)))

    @display(description="headers")
    def headers_text(self, dead_letter: DeadLetter) -> SafeString:
        """The headers in their order, those of one name too."""
        return table(("name", "value"), [[name, _header_value(value)] for name, value in dead_letter.headers])

    @display(description="body")
    def body_text(self, dead_letter: DeadLetter) -> SafeString:
        """The body as it came."""
        body = bytes(dead_letter.body or b"")
        if len(body) > MAX_BODY:
            return block(readable(body[:MAX_BODY]) + f"\n… of {filesizeformat(len(body))}")
        return block(readable_body(body))

    @display(description="copy on the dead-letter topic")
    def copied(self, dead_letter: DeadLetter) -> str:
        """Whether and when its copy was published."""
        if dead_letter.edited_from_id:
            return "none: an edited copy was never on a topic"
        if dead_letter.dlq_error:
            return f"refused: {dead_letter.dlq_error}"
        return f"since {seconds(dead_letter.dlq_published_at)} UTC" if dead_letter.dlq_published_at else "not yet"

    @display(description="edited copy")
    def edited_link(self, dead_letter: DeadLetter) -> SafeString | str:
        """Its original or copy, leading to it."""
        if dead_letter.edited_from_id:
            number = dead_letter.edited_from_id
            return link(dead_letter_url(number), f"This is an edited copy of dead letter {number}")
        copy = DeadLetter.objects.filter(edited_from=dead_letter).first()
        return link(dead_letter_url(copy.pk), f"Dead letter {copy.pk} is handled in its place") if copy else "-"

    @display(description="operations")
    def operations_text(self, dead_letter: DeadLetter) -> SafeString:
        """What was asked for, by whom and why, and what came of it."""
        items = dead_letter.operation_items.select_related("operation").order_by("-id")[:20]
        rows = [
            [
                link(operation_url(item.operation_id), f"{item.operation.verb} {item.operation_id}"),
                *(item.state, item.operation.actor, item.operation.reason),
                seconds(item.operation.created_at),
            ]
            for item in items
        ]
        return table(("operation", "this dead letter", "who", "why", "when (UTC)"), rows)


def dead_letter_url(dead_letter_id: int) -> str:
    """Where a dead letter is shown."""
    return row_url("outbox_deadletter", dead_letter_id)


def operation_url(operation_id: int) -> str:
    """Where an operation is shown."""
    return row_url("outbox_deadletteroperation", operation_id)


def failure(exception: str, frame: str) -> str:
    """What went wrong and where, as far as it has a place: what was never handled has none."""
    return exception if frame == NOWHERE else f"{exception} at {frame}"


def _header_value(value: str | dict[str, str] | None) -> str:
    match value:
        case None:
            return "(none)"
        case {"base64": encoded}:
            return f"base64: {encoded}"
        case _:
            return str(value)
