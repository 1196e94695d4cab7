"""The modules that take longest begin first."""

from pathlib import Path
from typing import Any

from tests.support.order import LONG_MODULES, TESTS, longest_first


class Item:
    """A test of a module."""

    def __init__(self, path: str, number: int) -> None:
        self.path = TESTS / path
        self.number = number

    @property
    def place(self) -> tuple[Path, int]:
        return self.path, self.number


def test_the_longest_modules_are_there() -> None:
    assert [path for path in LONG_MODULES if not (TESTS / path).is_file()] == []
    assert len(set(LONG_MODULES)) == len(LONG_MODULES)


def test_they_come_first_and_each_module_keeps_its_order() -> None:
    short, other = "unit/test_order.py", "unit/test_image.py"
    items: list[Any] = [
        Item(path, number) for path in (short, LONG_MODULES[3], other, LONG_MODULES[0]) for number in (1, 2)
    ]

    found: Any = longest_first(items)

    paths = (LONG_MODULES[0], LONG_MODULES[3], short, other)
    assert [item.place for item in found] == [(TESTS / path, number) for path in paths for number in (1, 2)]
