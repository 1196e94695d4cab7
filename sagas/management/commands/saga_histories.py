"""`manage.py saga_histories`: record what instances went through, and notice when a definition would lead elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from kit.commands import OperatorCommand
from sagas.definition.registry import sagas
from sagas.exceptions import SagaError
from sagas.histories.check import definition_for, findings
from sagas.histories.history import history_in, text_of
from sagas.histories.masking import masked
from sagas.histories.recording import record
from sagas.histories.replay import replayed


class Command(OperatorCommand):
    """Records, checks or rewrites `docs/saga-histories/`."""

    help = (
        "Replay the recorded histories of docs/saga-histories/ with the present definitions, and write down what they "
        "lead to now. With --check, write nothing and fail when one would go otherwise, or when instances like it "
        "could not go on. `record` adds the history of an instance."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="store_true", help="Write nothing; fail on a difference.")
        parser.add_argument("--directory", type=Path, default=settings.BASE_DIR / "docs" / "saga-histories")
        recording = parser.add_subparsers(dest="verb", metavar="record").add_parser(
            "record",
            help="Write down the history of an instance.",
            description="Write down the history of an instance. It holds the instance's data and whatever its events "
            "say of people: replace that, and look at the file before it is committed.",
        )
        recording.add_argument("saga_id", type=UUID, help="As `sagas list` shows it.")
        recording.add_argument("--name", help="Of the file, without .json; the saga's and the status when left out.")
        recording.add_argument(
            "--replace",
            action="append",
            default=[],
            metavar="OLD=NEW",
            help="Write NEW for OLD wherever it stands in a text, such as a name; repeat it. The instance's key stays.",
        )

    def handle(self, *, verb: str | None, directory: Path, **options: Any) -> None:
        """Do what the verb says."""
        if verb == "record":
            self._record(directory, **options)
            return
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.json"))}
        if options["check"]:
            if found := list(findings(sagas, files)):
                raise CommandError(_what_to_do(found))
            self.stdout.write(f"{len(files)} histories would be as they were.")
        else:
            self._rewrite(directory, files)

    def _record(self, directory: Path, *, saga_id: UUID, name: str | None, replace: list[str], **_: Any) -> None:
        pairs = [one.partition("=")[::2] for one in replace]
        if not all(old for old, _ in pairs):
            raise CommandError("--replace needs OLD=NEW")
        try:
            history = record(saga_id)
            history = masked(definition_for(sagas, history), history, dict(pairs))
        except SagaError as error:
            raise CommandError(f"{saga_id} cannot be recorded: {error}") from error
        path = directory / f"{name or f'{history.saga}-{history.entries[-1].led_to.status}'}.json"
        if path.exists():
            raise CommandError(f"{path} is there already: give this one another --name, or remove that one.")
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(history), encoding="utf-8")
        self.stdout.write(f"{path} is written: look whether it says anything of people.")

    def _rewrite(self, directory: Path, files: Mapping[str, str]) -> None:
        impossible = []
        for name, text in files.items():
            try:
                history = history_in(text)
                new = replayed(definition_for(sagas, history), history)
            except (SagaError, msgspec.DecodeError) as error:
                impossible.append(f"{name}: {error}")
                continue
            if new is None:
                impossible.append(f"{name}: what came to it could not come any more")
            elif text_of(new) != text:
                (directory / name).write_text(text_of(new), encoding="utf-8")
                self.stdout.write(f"{name} is written.")
        if impossible:
            raise CommandError("\n".join([*impossible, "Record others in their place, and remove these."]))


def _what_to_do(found: list[str]) -> str:
    return "\n".join(
        [
            "These recorded histories of sagas would go otherwise with the present definitions:",
            *found,
            (
                "Instances that are under way would go the new way from now on. Where that is meant, "
                "`manage.py saga_histories` writes down what they lead to now."
            ),
        ]
    )
