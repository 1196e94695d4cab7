"""Shares of many values: quick tests take some of them at each place and all in turn, longer proofs all at each."""

from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")


def one_of(number: int) -> pytest.MarkDecorator:
    """Run a test that asks for `among` with one of so many values at each place, and as a longer proof with all."""
    return pytest.mark.parametrize(
        "among", [pytest.param(number, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)]
    )


def share(values: Sequence[T], place: int, *, among: int) -> Sequence[T]:
    """The values of a place, one of so many: so many places after each other have all of them."""
    return values[place % among :: among]
