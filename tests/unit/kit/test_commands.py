"""A command says in one line what is wrong with its arguments."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from kit.commands import OperatorCommand
from kit.exceptions import InvalidParameter


class Command(OperatorCommand):
    """Does nothing with what it is given."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """A text, and several."""
        parser.add_argument("--name", default="")
        parser.add_argument("--more", action="append", default=[])

    def handle(self, *args: Any, name: str, **options: Any) -> str:
        """Refuse one name."""
        if name == "nobody":
            raise InvalidParameter("name", "is nobody's")
        return name


@pytest.mark.parametrize("arguments", [["--name", "a\0"], ["--name", "\udcff"], ["--more", "a", "--more", "\udcff"]])
def test_a_text_that_is_no_unicode_is_named(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="Unicode without NUL"):
        call_command(Command(), *arguments)


def test_an_argument_that_no_call_can_be_made_with_is_named() -> None:
    with pytest.raises(CommandError, match="name: is nobody's"):
        call_command(Command(), "--name", "nobody")


def test_other_arguments_are_handed_on() -> None:
    assert call_command(Command(), "--name", "é") == "é"
