"""Events of a user are found by an index, which is built while events are appended; those of nobody are not in it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is built outside of a transaction: within one it would hold up every append until it is done.
    atomic = False

    dependencies = [("events", "0004_index_names")]

    operations = [
        # What is left of an attempt that was cut off is in nobody's way, and would be in that of the next one.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS idx_events_user", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "domainevent",
            models.Index(
                fields=["user_id", "position"],
                name="idx_events_user",
                condition=models.Q(user_id__isnull=False),
            ),
        ),
    ]
