"""How is a dead letter shown, in the list and on its page?"""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.console import block
from outbox.admin.blockers import PARKED
from outbox.admin.bodies import readable_body
from outbox.admin.display import NOWHERE, failure, link, readable, table
from outbox.models import DeadLetter

MAX_BODY = 100_000
DEAD_LETTER_STATES = {
    "open": "danger",
    "retrying": "warning",
    "retried": "success",
    "discarded": "default",
    "replaced": "info",
}


class DeadLetterFields:
    """The fields of a letter that are not its columns. The letters have been through `find_blockers`."""

    @display(description="state", label=DEAD_LETTER_STATES)
    def state(self, letter: DeadLetter) -> str:
        """What has become of it."""
        return letter.status

    @display(description="failure", ordering="failure_group")
    def what(self, letter: DeadLetter) -> SafeString | str:
        """What went wrong where, or which letter has to be dealt with before."""
        return self.blocker(letter) if letter.exception == PARKED else failure(letter.exception, letter.frame)

    @display(description="where")
    def where(self, letter: DeadLetter) -> str:
        """The place in our own code."""
        return "-" if letter.frame == NOWHERE else letter.frame

    @display(description="waits for")
    def blocker(self, letter: Any) -> SafeString | str:
        """Of a letter that was parked: the first of its key that somebody has to deal with."""
        if letter.exception != PARKED:
            return "-"
        if letter.blocked_by is None:
            return "parked; its key is free by now"
        return link(dead_letter_url(letter.blocked_by), f"parked behind letter {letter.blocked_by}")

    @display(description="place")
    def place(self, letter: DeadLetter) -> str:
        """Topic, partition and offset."""
        return f"{letter.topic}[{letter.partition}] at {letter.offset}"

    @display(description="message")
    def message_text(self, letter: DeadLetter) -> SafeString:
        """What the exception said."""
        return block(letter.message)

    @display(description="failure group")
    def group_link(self, letter: DeadLetter) -> SafeString:
        """The group, leading to its letters."""
        url = f"{reverse('admin:outbox_deadletter_changelist')}?failure_group={letter.failure_group}"
        return link(url, f"{letter.failure_group}: all of this kind at this place")

    @display(description="event")
    def event_link(self, letter: DeadLetter) -> SafeString:
        """The event in the log, where it is one of ours."""
        url = f"{reverse('admin:events_domainevent_changelist')}?q={letter.event_id}"
        return link(url, f"{letter.event_id}: look for it in the log")

    @display(description="key")
    def key_text(self, letter: DeadLetter) -> SafeString:
        """The key."""
        return block("" if letter.key is None else readable(bytes(letter.key)))

    @display(description="headers")
    def headers_text(self, letter: DeadLetter) -> SafeString | str:
        """The headers in their order, those of one name too."""
        rows = [[name, _header_value(value)] for name, value in letter.headers]
        return table(("name", "value"), rows) if rows else "-"

    @display(description="body")
    def body_text(self, letter: DeadLetter) -> SafeString:
        """The body as it came."""
        body = bytes(letter.body or b"")
        if len(body) > MAX_BODY:
            return block(readable(body[:MAX_BODY]) + f"\n… of {filesizeformat(len(body))}")
        return block(readable_body(body))

    @display(description="copy on the dead-letter topic")
    def copied(self, letter: DeadLetter) -> str:
        """Whether and when its copy was published."""
        if letter.edited_from_id:
            return "none: an edited copy was never on a topic"
        if letter.dlq_error:
            return f"refused: {letter.dlq_error}"
        return f"since {letter.dlq_published_at:%Y-%m-%d %H:%M:%S} UTC" if letter.dlq_published_at else "not yet"

    @display(description="edited copy")
    def edited_link(self, letter: DeadLetter) -> SafeString | str:
        """The letter's original or copy, leading to it."""
        if letter.edited_from_id:
            return link(
                dead_letter_url(letter.edited_from_id), f"This is an edited copy of letter {letter.edited_from_id}"
            )
        copy = DeadLetter.objects.filter(edited_from=letter).first()
        return link(dead_letter_url(copy.pk), f"Letter {copy.pk} is handled in its place") if copy else "-"

    @display(description="operations")
    def operations_text(self, letter: DeadLetter) -> SafeString | str:
        """What was asked for, by whom and why, and what came of it."""
        items = letter.operation_items.select_related("operation").order_by("-id")[:20]
        rows = [
            [
                link(operation_url(item.operation_id), f"{item.operation.verb} {item.operation_id}"),
                *(item.state, item.operation.actor, item.operation.reason),
                f"{item.operation.created_at:%Y-%m-%d %H:%M:%S}",
            ]
            for item in items
        ]
        return table(("operation", "this letter", "who", "why", "when (UTC)"), rows) if rows else "-"


def dead_letter_url(dead_letter_id: int) -> str:
    """Where a letter is shown."""
    return reverse("admin:outbox_deadletter_change", args=[dead_letter_id])


def operation_url(operation_id: int) -> str:
    """Where an operation is shown."""
    return reverse("admin:outbox_deadletteroperation_change", args=[operation_id])


def _header_value(value: str | dict[str, str] | None) -> str:
    match value:
        case None:
            return "(none)"
        case {"base64": encoded}:
            return f"base64: {encoded}"
        case _:
            return str(value)
