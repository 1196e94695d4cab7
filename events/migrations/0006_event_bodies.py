"""The JSON of events can be looked up by position, for tables of other apps that keep a position instead of a copy."""

from django.db import migrations

from events.sql.statements import statement


class Migration(migrations.Migration):
    dependencies = [("events", "0005_events_of_users")]

    operations = [migrations.RunSQL(statement("event_bodies"), "DROP VIEW event_bodies")]
