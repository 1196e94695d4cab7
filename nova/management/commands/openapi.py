"""`manage.py openapi`: writes the description of the API; `--check` compares it with the committed one."""

import difflib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from nova.rest.openapi import description_text


class Command(BaseCommand):
    """Writes or checks `docs/openapi.yaml`."""

    help = "Write docs/openapi.yaml from the code; with --check, fail if it differs and show how."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to check, and which file."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
        parser.add_argument("--file", type=Path, default=settings.BASE_DIR / "docs" / "openapi.yaml")

    def handle(self, *_args: object, **options: Any) -> None:
        """Write or compare."""
        path: Path = options["file"]
        true = description_text()
        if not options["check"]:
            path.write_text(true)
            self.stderr.write(f"{path} is written.")
            return
        kept = path.read_text() if path.exists() else ""
        if kept != true:
            difference = difflib.unified_diff(kept.splitlines(), true.splitlines(), str(path), "the code", lineterm="")
            self.stdout.write("\n".join(difference))
            raise CommandError(f"{path} is not what the code says; `manage.py openapi` writes it.")
