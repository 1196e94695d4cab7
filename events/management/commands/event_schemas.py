"""`manage.py event_schemas`: write down what events look like, and notice when that would break somebody."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events.types.registry import registry
from events.types.schemas import Findings, compare, schema_texts


class Command(BaseCommand):
    """Writes or checks `docs/event-schemas/`."""

    help = (
        "Write the JSON Schemas of all registered events into docs/event-schemas/, one file a type and version. With "
        "--check, write nothing and fail when they differ, above all when a change breaks stored events or consumers: "
        "that needs a new version of the event, with an upcaster."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
        parser.add_argument("--directory", type=Path, default=settings.BASE_DIR / "docs" / "event-schemas")
        parser.add_argument(
            "--allow-breaking",
            action="store_true",
            help="write breaking changes too: for events that were never stored and never published",
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Write or compare."""
        directory: Path = options["directory"]
        committed = {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.json"))}
        findings = compare(registry, committed)
        if findings.breaking and (options["check"] or not options["allow_breaking"]):
            raise CommandError(_breaking(findings, directory))
        if options["check"]:
            if findings.outdated:
                raise CommandError("\n".join([*findings.outdated, "`manage.py event_schemas` writes them."]))
            return
        directory.mkdir(parents=True, exist_ok=True)
        for file, text in schema_texts(registry).items():
            if committed.get(file) != text:
                (directory / file).write_text(text, encoding="utf-8")
                self.stdout.write(f"{file} is written.")
        for rest in compare(
            registry, {path.name: path.read_text("utf-8") for path in directory.glob("*.json")}
        ).outdated:
            self.stderr.write(rest)


def _breaking(findings: Findings, directory: Path) -> str:
    return "\n".join(
        [
            f"BREAKING CHANGES of events, against {directory}:",
            *(f"  {change}" for change in findings.breaking),
            (
                "Events like the old ones are stored for ever, and consumers expect them. Raise the event's version "
                "(@event(…, version=…)) and register an upcaster from the version before."
            ),
        ]
    )
