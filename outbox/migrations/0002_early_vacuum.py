"""Vacuum of the outbox: every row is updated once, so the index of pending rows is kept small by vacuuming early."""

from django.db import migrations

from outbox.sql.statements import statement


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]

    operations = [
        migrations.RunSQL(
            statement("autovacuum"),
            "ALTER TABLE outbox_events RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, "
            "autovacuum_vacuum_cost_delay)",
        ),
    ]
