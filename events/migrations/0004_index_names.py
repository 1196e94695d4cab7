"""Indexes of streams and of snapshots bear the names of the schema that Nova follows; renamed, and none built anew."""

from django.db import migrations, models

STREAM_VERSION = ("aggregate_id", "aggregate_type", "version")


def renamed(model: str, old: str, new: str) -> migrations.RunSQL:
    """A unique constraint of the versions of streams, with another name.

    It is renamed by its index, which takes a lock that readers and writers do not feel; ALTER TABLE would shut them out.
    """
    return migrations.RunSQL(
        f"ALTER INDEX {old} RENAME TO {new}",
        f"ALTER INDEX {new} RENAME TO {old}",
        state_operations=[
            migrations.RemoveConstraint(model, old),
            migrations.AddConstraint(model, models.UniqueConstraint(fields=STREAM_VERSION, name=new)),
        ],
    )


class Migration(migrations.Migration):
    dependencies = [("events", "0003_sequences_behind")]

    operations = [
        renamed("domainevent", "domain_events_stream_version", "idx_events_aggregate"),
        renamed("aggregatesnapshot", "aggregate_snapshots_version", "idx_snapshots_aggregate"),
    ]
