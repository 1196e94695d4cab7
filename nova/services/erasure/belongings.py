"""Belongings: what a user has in a service, as a table that the service fills from its own events.

What a user who is gone seems to create afterwards, because its event was on its way, is removed as soon as it is heard
of. Whoever erases has the user's belongings to himself meanwhile, so that nothing slips through between the two.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models
from msgspec import Struct

from events.api import Command
from kit.sql import statements_of
from nova.services.columns import id_field
from nova.services.erasure.removal import Removal, remove_together
from outbox.api import ReceivedEvent, have_effect

statement = statements_of("nova.services.erasure")


class Belonging(models.Model):
    """What somebody has, one row each; the service's own table derives from it."""

    pk = models.CompositePrimaryKey("aggregate_type", "aggregate_id", "part")
    aggregate_type = models.CharField(max_length=100, db_collation="C")
    aggregate_id = id_field()
    part = id_field(default="", help_text="Such as a message of a conversation; empty for the whole aggregate.")
    owner_id = id_field(help_text="The user.")

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["owner_id", "aggregate_type", "aggregate_id", "part"], name="%(class)s_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.aggregate_type} {self.aggregate_id} {self.part}".rstrip()


class FormerOwner(models.Model):
    """A user who is gone and is to have nothing any more; the service's own table derives from it."""

    user_id = id_field(primary_key=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.user_id


class Change(Struct, frozen=True, kw_only=True):
    """What an event says of one belonging."""

    aggregate_type: str
    aggregate_id: str
    part: str = ""
    owner_id: str = ""
    """Whose it is from now on; empty when it is gone."""

    @property
    def key(self) -> tuple[str, str, str]:
        """The row's primary key."""
        return self.aggregate_type, self.aggregate_id, self.part


class Belongings(Struct, frozen=True, kw_only=True):
    """The belongings that one service keeps."""

    table: type[Belonging]
    former_owners: type[FormerOwner]
    removal: Callable[[Belonging], Command]
    """The command to its aggregate that removes it."""

    def follow(self, events: Sequence[ReceivedEvent], changes: Iterable[Change]) -> None:
        """Let the table follow these events, of each of which there is one change."""
        last = {change.key: (change, event) for event, change in zip(events, changes, strict=True)}
        owners = sorted({change.owner_id for change, _ in last.values() if change.owner_id})
        have_effect(lambda: _execute("share_owners", owners=[self._locked(owner) for owner in owners]))
        former = set(self.former_owners._default_manager.filter(user_id__in=owners).values_list("pk", flat=True))  # noqa: SLF001
        kept = [self._row(change) for change, _ in last.values() if change.owner_id and change.owner_id not in former]
        self._rows.bulk_create(kept, ignore_conflicts=True)
        if gone := [key for key, (change, _) in last.items() if not change.owner_id]:
            self._rows.filter(pk__in=gone).delete()
        for change, event in last.values():
            if change.owner_id in former:
                self._remove([self._row(change)], event)

    def remove_page(self, event: ReceivedEvent, user_id: str, limit: int) -> int:
        """Remove what the user has, at most so much, and remember that the user is gone; see `RemovePage`."""
        have_effect(lambda: _execute("take_owner", owner=self._locked(user_id)))
        self.former_owners._default_manager.get_or_create(user_id=user_id)  # noqa: SLF001
        page = list(self._rows.filter(owner_id=user_id).order_by("aggregate_type", "aggregate_id", "part")[:limit])
        self._remove(page, event)
        self._rows.filter(pk__in=[row.pk for row in page]).delete()
        return len(page)

    @property
    def _rows(self) -> Any:
        return self.table._default_manager  # noqa: SLF001 - Django's documented name for it

    def _row(self, change: Change) -> Belonging:
        aggregate_type, aggregate_id, part = change.key
        return self.table(aggregate_type=aggregate_type, aggregate_id=aggregate_id, part=part, owner_id=change.owner_id)

    def _remove(self, rows: Sequence[Belonging], event: ReceivedEvent) -> None:
        removals = [
            Removal(aggregate_type=row.aggregate_type, aggregate_id=row.aggregate_id, command=self.removal(row))
            for row in rows
        ]
        have_effect(lambda: remove_together(removals, event))

    def _locked(self, user_id: str) -> str:
        return f"{self.table._meta.db_table}/{user_id}"  # noqa: SLF001 - Django's documented API


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
