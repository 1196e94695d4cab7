"""Database identity: a database that was restored from a dump is another one than the one that wrote the dump.

PostgreSQL tells by its cluster's number and the database's own. A dump takes along what was written down of them, so
that the two differ after it was restored, until somebody has seen to what the broker has and the database has not. A
physical copy (base backup, standby) has the numbers of its original, and only its recorded positions can tell of it.
"""

from django.db import connection, transaction
from django.db.utils import ProgrammingError

from outbox.models import DatabaseIdentity
from outbox.sql.statements import statement


def is_restored() -> bool:
    """Whether this database was restored from a dump since its identity was written down."""
    known = DatabaseIdentity.objects.first()
    return known is not None and _own_identity() not in {None, known.identity}


def note_identity() -> None:
    """Write down which database this is, unless something is written down already."""
    if not DatabaseIdentity.objects.exists() and (own := _own_identity()):
        DatabaseIdentity.objects.bulk_create([DatabaseIdentity(identity=own)], ignore_conflicts=True)


def confirm_identity() -> None:
    """This database is the one that goes on, whatever is written down."""
    if own := _own_identity():
        DatabaseIdentity.objects.update_or_create(id=1, defaults={"identity": own})


def _own_identity() -> str | None:
    """None where PostgreSQL does not let us ask."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement("own_identity"))
            (identity,) = cursor.fetchone()
    except ProgrammingError:
        return None
    return str(identity)
