"""How are values shown in the console, and what is said about what was done?"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

NOWHERE = "?:0 in ?"
"""The frame of an exception that was not raised in any code of ours; see `describe`."""


def actor_of(request: HttpRequest) -> str:
    """Who is asking, for the log."""
    return request.user.get_username()


def tell(request: HttpRequest, done: int, asked: int, what: str) -> None:
    """Show how many of the chosen ones were changed."""
    messages.add_message(request, messages.SUCCESS if done else messages.WARNING, f"{done} of {asked} {what}.")


def link(url: str, text: str) -> SafeString:
    """A link in the colours of the console."""
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, text)


def failure(exception: str, frame: str) -> str:
    """What went wrong and where, as far as it has a place: what was never handled has none."""
    return exception if frame == NOWHERE else f"{exception} at {frame}"


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> SafeString:
    """A table as the console's lists look."""
    return render_to_string("unfold/components/table.html", {"table": {"headers": headers, "rows": rows}})


def bar(*, done: int, failed: int, skipped: int, total: int) -> SafeString:
    """How far something is, as a bar of three colours with its numbers."""
    parts = (("done", done, "bg-green-500"), ("failed", failed, "bg-red-500"), ("skipped", skipped, "bg-orange-500"))
    context = {
        "parts": [
            {"name": name, "number": number, "colour": colour, "percent": 100 * number / (total or 1)}
            for name, number, colour in parts
            if number
        ],
        "dealt_with": done + failed + skipped,
        "total": total,
    }
    return render_to_string("admin/outbox/bar.html", context)


def indented(value: Any) -> str:
    """A value as JSON for reading."""
    return readable(json.dumps(value, indent=2, ensure_ascii=False).encode(errors="surrogatepass"))


def readable(value: bytes) -> str:
    """Bytes as text for reading, whatever they are."""
    return value.decode(errors="backslashreplace").replace("\0", "\\x00")


def uuid_of(term: str) -> UUID | None:
    """The id that a term is, or None."""
    try:
        return UUID(term)
    except ValueError:
        return None
