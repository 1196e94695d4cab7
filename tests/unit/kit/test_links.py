"""A link carries what it is given, whatever that is."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from kit.links import link_to


@pytest.mark.parametrize("name", ["a b", "?", "#", "%", "%2F", "é", "\u2028", "\U0001f4a9", "a+b", "a&b=c", ";", "\\"])
def test_parts_and_parameters_survive(name: str) -> None:
    link = link_to("stream-events", "post", name, after=name)

    assert link.isascii()
    assert link.isprintable()
    assert " " not in link
    address = urlsplit(link)
    assert unquote(address.path) == f"/api/v1/streams/post/{name}/events"
    assert parse_qs(address.query) == {"after": [name]}
    assert not address.fragment


def test_there_is_no_question_without_parameters() -> None:
    assert link_to("operation", 7) == "/api/v1/operations/7"
