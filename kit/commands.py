"""Management command: what the commands of all apps do alike with arguments that no call can be made with."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kit.arguments import is_storable
from kit.exceptions import InvalidParameter


class OperatorCommand(BaseCommand):
    """A command that says in one line which of its arguments is wrong, and why."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check the texts, which a terminal may hand on as bytes that are no Unicode, and run the command."""
        for name, text in _texts(options):
            if not is_storable(text):
                raise CommandError(f"{name}: must be Unicode without NUL")
        try:
            return super().execute(*args, **options)
        except InvalidParameter as error:
            raise CommandError(str(error)) from error


def _texts(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, str):
                yield name, one
