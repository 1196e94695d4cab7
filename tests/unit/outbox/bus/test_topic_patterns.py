"""A name that begins with `^` is a pattern, and every other one only itself."""

import pytest

from outbox.bus.topic_patterns import includes, is_pattern


@pytest.mark.parametrize(
    ("names", "topic", "expected"),
    [
        ([], "a", False),
        (["a"], "a", True),
        (["a"], "ab", False),
        (["a."], "ab", False),
        (["^a."], "ab", True),
        (["^a."], "xab", False),
        (["^a$"], "ab", False),
        (["x", "^a"], "ab", True),
    ],
)
def test_topics_are_included_by_name_or_pattern(names: list[str], topic: str, expected: bool) -> None:
    assert includes(names, topic) is expected


def test_only_a_pattern_is_one() -> None:
    assert is_pattern("^a")
    assert not is_pattern("a^")
