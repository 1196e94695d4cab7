"""The index of rows that are to be published bears the name of the schema that Nova follows; it is not built anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0003_topic_assignments")]

    operations = [
        migrations.RenameIndex("outboxevent", new_name="idx_outbox_unpublished", old_name="outbox_events_pending"),
    ]
