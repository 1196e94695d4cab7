"""Topic patterns: a name that begins with `^` stands for every topic that it matches as a regular expression."""

import re
from collections.abc import Iterable


def is_pattern(name: str) -> bool:
    """Whether the name stands for more than the topic that is called so."""
    return name.startswith("^")


def includes(names: Iterable[str], topic: str) -> bool:
    """Whether the topic is one of these, by its name or by a pattern."""
    return any(re.match(name, topic) is not None if is_pattern(name) else name == topic for name in names)
