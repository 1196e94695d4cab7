"""Where the message of a published row lies is kept; the columns are null in rows from before, and cost them nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0006_handler_replays")]

    operations = [
        migrations.AddField(
            "outboxevent",
            "published_partition",
            models.IntegerField(null=True, help_text="Where its message lies, if the broker has told."),
        ),
        migrations.AddField(
            "outboxevent",
            "published_offset",
            models.BigIntegerField(null=True, help_text="Where it lies in the partition."),
        ),
    ]
