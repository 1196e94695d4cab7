"""Nothing secret and nothing personal stands in the log."""

import pytest

from nova.telemetry.redaction import HIDDEN, redact, redact_text

SECRET = "nova_" + "a" * 43


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"token {SECRET} refused", SECRET),
        ("Authorization: Bearer abcdef.ghijkl-123", "abcdef.ghijkl-123"),
        ("redis://:pa55word@127.0.0.1:6379/0 is away", "pa55word"),
        ("postgresql://nova:pa55word@127.0.0.1/nova", "pa55word"),
        ("password=hunter2 failed", "hunter2"),
        ("no user ada.lovelace+x@example.org", "ada.lovelace"),
        ("Not Found: /api/v1/users?search=ada", "search=ada"),
    ],
)
def test_secrets_and_personal_data_are_hidden(text, hidden):
    redacted = redact_text(text)
    assert hidden not in redacted
    assert HIDDEN in redacted


@pytest.mark.parametrize("text", ["relay started", "why? because", "a = b", "consumers@host without a dot"])
def test_plain_text_stays(text):
    assert redact_text(text) == text


def test_values_inside_of_structures_are_hidden_too():
    entry = redact(None, "info", {"event": "x", "headers": {"a": SECRET}, "error": ValueError(SECRET), "count": 3})
    assert SECRET not in str(entry)
    assert entry["count"] == 3
