"""`manage.py token create NAME --scope …`, `token list`, `token revoke NAME`: API tokens."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from kit.commands import OperatorCommand
from nova.exceptions import NovaError
from nova.models import ApiToken
from nova.rest.tokens import SCOPES, create_token, revoke_tokens

MAX_LIFE = 36_500


class Command(OperatorCommand):
    """Creates, lists and revokes API tokens."""

    help = "Create, list or revoke API tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="print a new token, once, on the last line of standard output")
        create.add_argument("name", help="who or what will use it")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            metavar="SCOPE",
            help=f"one of {', '.join(SCOPES)}; repeatable",
        )
        create.add_argument("--expires-in", type=int, metavar="DAYS", help="days until it expires (default: never)")
        verbs.add_parser("list", help="list all tokens with their state")
        revoke = verbs.add_parser("revoke", help="end a token; running processes notice within 5 seconds")
        which = revoke.add_mutually_exclusive_group(required=True)
        which.add_argument("name", nargs="?", help="the name of one or more live tokens")
        which.add_argument("--number", type=int, help="the number that `token list` shows")

    def handle(self, *_args: object, **options: Any) -> None:
        """Do what the verb says."""
        try:
            match options["verb"]:
                case "create":
                    self._create(options["name"], options["scopes"], options["expires_in"])
                case "revoke":
                    self._revoke(options["name"], options["number"])
                case _:
                    self._list()
        except NovaError as error:
            raise CommandError(str(error)) from error

    def _create(self, name: str, scopes: list[str], days: int | None) -> None:
        if not 1 <= len(name) <= 100:
            raise CommandError("a name has 1 to 100 characters")
        if days is not None and not 1 <= days <= MAX_LIFE:
            raise CommandError(f"--expires-in takes 1 to {MAX_LIFE} days")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        token, row = create_token(name, scopes=set(scopes), expires_at=expires_at)
        until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is revoked"
        self.stderr.write(f"Token {row.pk} for {name!r}: {', '.join(row.scopes)}, {until}. It is not shown again.")
        self.stdout.write(token)

    def _revoke(self, name: str | None, number: int | None) -> None:
        for token in revoke_tokens(name=name, token_id=number):
            self.stderr.write(f"Token {token.pk} ({token.name}) is revoked.")

    def _list(self) -> None:
        table = Table("number", "name", "begins", "state", "scopes", "expires", "last used", box=None)
        for token in ApiToken.objects.all():
            expires = f"{token.expires_at:%Y-%m-%d %H:%M}" if token.expires_at else "never"
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            table.add_row(str(token.pk), token.name, token.hint, token.state, ", ".join(token.scopes), expires, used)
        Console(file=self.stdout, width=160).print(table)  # type: ignore[arg-type]
