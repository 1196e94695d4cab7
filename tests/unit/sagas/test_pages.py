"""What `docs/testing-sagas.md` shows works as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "testing-sagas.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def examples() -> dict[str, Callable[[], None]]:
    """The tests of the page."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)  # noqa: S102 - the page's own code
    return {name: value for name, value in names.items() if name.startswith("test_")}


@pytest.mark.parametrize("name", sorted(examples()))
def test_the_page_shows_tests_that_pass(name: str) -> None:
    # What goes wrong in one is raised by the kit itself.
    assert examples()[name]() is None


def test_the_page_has_examples() -> None:
    assert len(examples()) == 4
