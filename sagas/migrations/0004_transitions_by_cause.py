"""What an event has caused is found by an index, which is built while sagas go on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is built outside of a transaction: within one it would hold up every saga until it is done.
    atomic = False

    dependencies = [("sagas", "0003_operations")]

    operations = [
        # What is left of an attempt that was cut off is in nobody's way, and would be in that of the next one.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS saga_transitions_cause", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "sagatransition",
            models.Index(
                fields=["cause_id"], name="saga_transitions_cause", condition=models.Q(cause_id__isnull=False)
            ),
        ),
    ]
