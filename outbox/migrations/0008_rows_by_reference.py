"""Rows may leave payload and metadata to the log. Only the catalogue changes: no row is read or written for it."""

from django.db import migrations

import kit.json.field


class Migration(migrations.Migration):
    dependencies = [("outbox", "0007_locations"), ("events", "0006_event_bodies")]

    operations = [
        migrations.AlterField(
            "outboxevent",
            "payload",
            kit.json.field.JSONTextField(help_text="Null where the log has it; see `body`.", null=True),
        ),
        migrations.AlterField("outboxevent", "metadata", kit.json.field.JSONTextField(null=True)),
    ]
