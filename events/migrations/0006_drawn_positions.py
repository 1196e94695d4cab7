from django.db import migrations

from events.sql.statements import statement


class Migration(migrations.Migration):
    dependencies = [("events", "0005_snapshot_folds")]

    operations = [
        migrations.RunSQL(statement("drawn_positions"), "DROP FUNCTION refuse_chosen_position"),
        migrations.RunSQL(
            statement("drawn_positions_trigger"), "DROP TRIGGER domain_events_drawn_positions ON domain_events"
        ),
        migrations.RunSQL(
            "ALTER TABLE domain_events ENABLE ALWAYS TRIGGER domain_events_drawn_positions", migrations.RunSQL.noop
        ),
    ]
