"""Sequences that are behind their rows are found, and the safe position may be asked for by who sees its own rows."""

from django.db import migrations

from events.sql.statements import statement


class Migration(migrations.Migration):
    dependencies = [("events", "0002_functions_and_triggers")]

    operations = [
        # A database from before has one without a parameter, beside which a call would be ambiguous.
        migrations.RunSQL("DROP FUNCTION IF EXISTS safe_position()", migrations.RunSQL.noop),
        migrations.RunSQL(statement("safe_position"), migrations.RunSQL.noop),
        migrations.RunSQL(statement("sequences_behind"), "DROP FUNCTION sequences_behind"),
    ]
