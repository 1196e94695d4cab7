"""Standing: how many instances that have not ended stand where, of each saga."""

from django.db import connection
from msgspec import Struct

from sagas.machine.instance import Status
from sagas.sql.statements import statement


class Standing(Struct, frozen=True, kw_only=True):
    """Instances of one saga in one state."""

    saga: str
    status: Status
    number: int


def open_instances() -> list[Standing]:
    """Those that have not ended, by saga and status."""
    with connection.cursor() as cursor:
        cursor.execute(statement("open_instances"))
        return [Standing(saga=saga, status=Status(status), number=number) for saga, status, number in cursor.fetchall()]
