"""Display: how values of any kind look in the admin (links, tables, bars, JSON, bytes, times)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from msgspec import Struct


def link(url: str, text: str) -> SafeString:
    """A link in the colours of the admin."""
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, text)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> SafeString:
    """A table in the look of the admin's lists; a dash when it has no rows."""
    if not rows:
        return SafeString("-")
    return render_to_string("unfold/components/table.html", {"table": {"headers": headers, "rows": rows}})


class Part(Struct, frozen=True, kw_only=True):
    """What has come to one kind of end, of something that goes on in many pieces."""

    name: str
    number: int
    colour: str
    """A class of the admin's styles."""
    meaning: str = ""


def progress_bar(parts: Sequence[Part], *, total: int) -> SafeString:
    """How far something is, as a bar in the colours of its parts with the numbers."""
    shown = [{"part": part, "percent": 100 * part.number / (total or 1)} for part in parts if part.number]
    context = {"parts": shown, "dealt_with": sum(part.number for part in parts), "total": total}
    return render_to_string("admin/kit/progress_bar.html", context)


def block(text: str) -> SafeString:
    """Preformatted text."""
    return format_html('<pre class="font-mono text-sm whitespace-pre-wrap break-all">{}</pre>', text)


def json_block(value: Any) -> SafeString:
    """A value as indented JSON, preformatted."""
    return block(indented(value))


def indented(value: Any) -> str:
    """A value as JSON for reading."""
    return readable(json.dumps(value, indent=2, ensure_ascii=False).encode(errors="surrogatepass"))


def readable(value: bytes) -> str:
    """Bytes as text for reading, whatever they are."""
    return value.decode(errors="backslashreplace").replace("\0", "\\x00")


def seconds(at: datetime) -> str:
    """A time to the second, under a heading that names its zone."""
    return f"{at:%Y-%m-%d %H:%M:%S}"
