"""Redaction: tokens, passwords, e-mail addresses and query strings never stand in a log."""

import re
from collections.abc import Iterator
from typing import Any

from structlog.typing import EventDict

HIDDEN = "[hidden]"
_SECRETS = (
    # Nova's tokens, and whatever else follows an authentication scheme.
    (re.compile(r"nova_[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # The password in a URL such as redis://:password@host.
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\b(password|secret|token|api_key)=([^\s&,;'\"]+)", re.IGNORECASE), rf"\1={HIDDEN}"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    # The query string of a path or URL.
    (re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), rf"\1?{HIDDEN}"),
)
_MAY_HOLD_A_SECRET = re.compile(r"[@?=]|nova_|bearer|basic", re.IGNORECASE)


def redact_text(text: str) -> str:
    """The text without secrets and personal data."""
    if not _MAY_HOLD_A_SECRET.search(text):
        return text
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def redact(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """The log entry without secrets and personal data: a structlog processor."""
    entry.update(list(_redacted(entry)))
    return entry


def _redacted(entry: EventDict) -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        if isinstance(value, str):
            yield key, redact_text(value)
        elif isinstance(value, dict | list | tuple | BaseException):
            yield key, redact_text(str(value))
