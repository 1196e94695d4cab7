"""Message bodies in the console: one is shown as it came."""

import pytest

from outbox.admin.bodies import readable_body


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2,"big":12345678901234567890.1}',
        b'{"a": 1, "a": 2}',
        b'{"n":1.10}',
        b'{"n":1E5}',
        b'{"n":-0}{}',
        b'{"text":"\\u00e9"}',
        b'["\\ud800"]',
        b"no JSON",
        b"",
        b"[" * 100_000,
        b"1" * 5_000,
    ],
)
def test_what_would_be_another_text_when_it_is_indented_is_left_as_it_is(body: bytes) -> None:
    assert readable_body(body) == body.decode()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":1,"b":[2.5,null]}', '{\n  "a": 1,\n  "b": [\n    2.5,\n    null\n  ]\n}'),
        ('{"text" :\t"é, \\" and  \\n"}\r\n'.encode(), '{\n  "text": "é, \\" and  \\n"\n}'),
        (b"{}", "{}"),
    ],
)
def test_json_is_indented_when_nothing_but_white_space_changes(body: bytes, shown: str) -> None:
    assert readable_body(body) == shown


def test_bytes_that_are_no_text_are_escaped() -> None:
    assert readable_body(b"\xff\x00{") == "\\xff\\x00{"
